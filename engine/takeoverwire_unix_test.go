//go:build unix

package engine_test

import (
	"encoding/binary"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/engine"
	"github.com/shardloop/shardloop/engine/internal/sock"
	"github.com/shardloop/shardloop/internal/emulator"
)

// message is what a predecessor might send: text, and descriptors with it.
type message struct {
	text string
	fds  []int
}

// takesOver is what a successor makes of messages.
func takesOver(t *testing.T, messages ...message) error {
	t.Helper()
	u := listenUnix(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err := u.AcceptUnix()
		if err != nil {
			return
		}
		defer c.Close()
		for _, m := range messages {
			var rights []byte
			if m.fds != nil {
				rights = unix.UnixRights(m.fds...)
			}
			_, _, _ = c.WriteMsgUnix([]byte(m.text), rights, nil) // it may be gone
		}
	}()
	next, err := engine.TakeOver(t.Context(), u.Addr().String())
	<-done
	if err == nil {
		must(t, next.Close())
	}
	return err
}

// TestTakeOverNonsense: what is no predecessor's is refused, and no descriptor is
// left of it, which the end of the tests finds out.
func TestTakeOverNonsense(t *testing.T) {
	a, b := streams(t)
	r, w, err := os.Pipe()
	must(t, err)
	defer r.Close()
	defer w.Close()
	fds, pipe := []int{a.Fd(), b.Fd()}, []int{a.Fd(), int(r.Fd())}
	const magic = "shardlp1"
	two := magic + "\x00\x00\x00\x02\x00\x00\x00\x04\x01a\x01b"
	must(t, takesOver(t, message{two, nil}, message{"\x00", fds}))
	must(t, takesOver(t, message{two, fds[:1]}, message{"\x00", fds[:1]}))
	longest := magic + "\x00\x00\x00\x01\x00\x00\x01\x00\xff" + string(make255())
	must(t, takesOver(t, message{longest, nil}, message{"\x00", fds[:1]}))
	batch := message{"\x00", slices.Repeat(fds[:1], sock.RightsBatch)}
	head := binary.BigEndian.AppendUint32([]byte(magic), sock.RightsBatch)
	head = binary.BigEndian.AppendUint32(head, 2*sock.RightsBatch)
	must(t, takesOver(t, message{string(head) + strings.Repeat("\x01a", sock.RightsBatch), nil}, batch))
	for name, c := range map[string]struct {
		want string
		all  []message
	}{
		"nothing":            {"unexpected EOF", nil},
		"half a head":        {"unexpected EOF", []message{{magic, fds}}},
		"another version":    {`"shardlp2"`, []message{{"shardlp2" + two[8:], fds}}},
		"no sockets":         {"none", []message{{magic + "\x00\x00\x00\x00\x00\x00\x00\x00", nil}}},
		"too many":           {"none", []message{{magic + "\x00\x01\x00\x01\x00\x00\x00\x01", nil}}},
		"too long":           {"none", []message{{magic + "\x00\x00\x00\x01\x00\x00\x01\x01", nil}}},
		"half the names":     {"unexpected EOF", []message{{two[:len(two)-1], fds}}},
		"one name":           {"1 names", []message{{magic + "\x00\x00\x00\x02\x00\x00\x00\x02\x01a", fds}}},
		"three names":        {"3 names", []message{{magic + "\x00\x00\x00\x02\x00\x00\x00\x06\x01a\x01b\x01c", fds}}},
		"a name that is cut": {"1 names", []message{{magic + "\x00\x00\x00\x02\x00\x00\x00\x04\x01a\x02b", fds}}},
		"no descriptors":     {"2 sockets were announced, and 0 came", []message{{two, nil}, {"\x00", nil}}},
		"one descriptor":     {"and 1 came", []message{{two, nil}, {"\x00", fds[:1]}}},
		"three descriptors":  {"and 3 came", []message{{two, nil}, {"\x00", []int{a.Fd(), b.Fd(), a.Fd()}}}},
		"no batch":           {"unexpected EOF", []message{{two, fds}}},
		"a pipe":             {"number 1 (b)", []message{{two, nil}, {"\x00", pipe}}},
		"a pipe first":       {"number 0 (a)", []message{{two, nil}, {"\x00", []int{pipe[1], pipe[0]}}}},
	} {
		t.Run(name, func(t *testing.T) {
			if err := takesOver(t, c.all...); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// TestTakeOverTruncated: descriptors that the system has cut off are an error.
func TestTakeOverTruncated(t *testing.T) {
	if emulator.Running() {
		t.Skip("an emulator does not tell, and keeps them open")
	}
	u := listenUnix(t)
	c, err := net.Dial("unix", u.Addr().String())
	must(t, err)
	defer c.Close()
	far, err := u.AcceptUnix()
	must(t, err)
	defer far.Close()
	a, b := streams(t)
	_, _, err = far.WriteMsgUnix([]byte("x"), unix.UnixRights(a.Fd(), b.Fd(), a.Fd()), nil)
	must(t, err)
	if _, err = engine.ReceiveSockets(c.(*net.UnixConn), unix.CmsgLen(4)); err == nil || !strings.Contains(err.Error(), "not all") {
		t.Errorf("%v", err)
	}
	must(t, far.Close())
	_, err = engine.ReceiveSockets(c.(*net.UnixConn), unix.CmsgLen(4))
	wantErr(t, "behind the end", err, io.ErrUnexpectedEOF)
}
