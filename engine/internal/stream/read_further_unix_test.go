//go:build unix

package stream

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// TestWhatComesBehindUrgentDataIsRead: a read stops where the peer has sent a byte
// out of band, which is lost, and no other edge comes for what is behind.
func TestWhatComesBehindUrgentDataIsRead(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(tcpPair)
		p.write([]byte("abc"))
		must(t, unix.Sendto(p.fd, []byte("!"), unix.MSG_OOB, nil))
		p.write([]byte("de"))
		w.until(func() bool { return o.in.n >= 5 })
		equal(t, "received", o.in, p.out)
		reads := w.sh.Stats().Reads
		w.turns(5)
		if n := w.sh.Stats().Reads - reads; n > 1 {
			t.Errorf("%d reads when there was nothing to read", n)
		}
		w.end(o)
	})
}

// TestWhatComesBehindDescriptorsIsRead: a read of a unix socket stops behind bytes
// that brought some.
func TestWhatComesBehindDescriptorsIsRead(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(unixPair)
		r, wr, err := os.Pipe()
		must(t, err)
		defer r.Close()
		must(t, unix.Sendmsg(p.fd, []byte("abc"), unix.UnixRights(int(wr.Fd())), nil, 0))
		must(t, wr.Close())
		p.out.add([]byte("abc"))
		p.write([]byte("de"))
		w.until(func() bool { return o.in.n >= 5 })
		equal(t, "received", o.in, p.out)
		if n, err := r.Read(make([]byte, 1)); n != 0 || err == nil {
			t.Errorf("the descriptor that came along is still open: %d, %v", n, err)
		}
		w.end(o)
	})
}
