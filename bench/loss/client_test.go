package loss

import (
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/shardloop/shardloop/bench/loss/roles"
)

// What comes together with the marker counts, too.
func TestExtraBytesBeforeTheMarker(t *testing.T) {
	for name, more := range map[string][]byte{"nothing": nil, "three bytes": []byte("abc")} {
		ours, theirs := net.Pipe()
		over := make(chan error, 1)
		go func() {
			_, err := theirs.Write(roles.Payload(1000))
			if err == nil {
				_, err = theirs.Read(make([]byte, 1)) // the client's marker
			}
			if err == nil {
				_, err = theirs.Write(append(more, roles.Marker))
			}
			over <- err
		}()
		in := (&trial{idle: time.Minute}).reader(ours).toMarker(1000)
		if err := <-over; err != nil || in.N != int64(1000+len(more)) || in.end != marked {
			t.Errorf("%s: %d bytes, %s, %v", name, in.N, in.end, err)
		}
		if v := in.want(1000); (v.Kind == Extra) != (more != nil) {
			t.Errorf("%s: %v", name, v)
		}
		ours.Close()
		theirs.Close()
	}
}

func TestEndings(t *testing.T) {
	for err, want := range map[error]ending{
		io.EOF:                 ended,
		os.ErrDeadlineExceeded: silence,
		syscall.ECONNRESET:     reset,
		io.ErrUnexpectedEOF:    "unexpected EOF",
		net.ErrClosed:          "use of closed network connection",
		os.NewSyscallError("read", syscall.EPIPE): reset,
	} {
		if got := endOf(err); got != want {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
}
