//go:build unix

package stream

import (
	"bytes"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/buffers"
)

// keeper is an owner that does with its input what it is told.
type keeper struct {
	Stream
	data func(p []byte)
	lost bool
}

func (k *keeper) Data(p []byte)  { k.data(p) }
func (k *keeper) Buffer() []byte { return nil }
func (k *keeper) Updated(int)    {}
func (k *keeper) End() bool      { return false }
func (k *keeper) Sent(int)       {}
func (k *keeper) Pause()         {}
func (k *keeper) Resume()        {}
func (k *keeper) Lost(error)     { k.lost = true }

// receive gives data what a peer sends at once.
func (w *world) receive(sent []byte, data func(p []byte)) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	must(w.t, err)
	nonblock(w.t, fds[0], fds[1])
	must(w.t, unix.SetsockoptInt(fds[1], unix.SOL_SOCKET, unix.SO_SNDBUF, 2*inputSize))
	p := newPeer(w.t, fds[1])
	equal(w.t, "sent", p.write(sent), len(sent))
	k := &keeper{data: data}
	k.Init(w.sh, fds[0], UnixSocket, k)
	w.turn(func() { must(w.t, k.Start()) })
	w.turn()
	p.close()
	w.until(func() bool { return k.lost })
}

// TestRetain: what is retained stays as it was, whatever comes next; much of it is
// not copied, and the callback's bytes are valid to its end.
func TestRetain(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		for _, size := range []int{1, retainWhole - 1, retainWhole, retainWhole + 4096} {
			sent := pattern(size)
			var refs []buffers.Ref
			w.receive(sent, func(p []byte) {
				all := w.sh.Retain(p)
				equal(t, "not copied", &all.Bytes()[0] == &p[0], size >= retainWhole)
				w.sh.Retain(p[len(p)-1:]).Release()
				w.sh.Retain(p).Release()
				refs = append(refs, all, w.sh.Retain(p[:1]), w.sh.Retain(p[size/20:]))
				w.sh.Retain(bytes.Clone(p)).Release() // memory of others
				equal(t, "valid to the end", bytes.Equal(p, sent), true)
			})
			w.receive(make([]byte, size), func([]byte) {})
			equal(t, "retained", bytes.Equal(refs[0].Bytes(), sent), true)
			equal(t, "retained in part", bytes.Equal(refs[1].Bytes(), sent[:1]), true)
			equal(t, "retained from the middle", bytes.Equal(refs[2].Bytes(), sent[size/20:]), true)
			for _, r := range refs {
				r.Release()
			}
		}
	})
}

// TestRetainBeforePanic: a callback that retains its input and panics leaves the
// loop a block of its own.
func TestRetainBeforePanic(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		sent := pattern(retainWhole)
		var ref buffers.Ref
		w.receive(sent, func(p []byte) { ref = w.sh.Retain(p); panic("data") })
		w.receive(make([]byte, retainWhole), func([]byte) {})
		equal(t, "retained", bytes.Equal(ref.Bytes(), sent), true)
		equal(t, "faults", len(w.faults), 1)
		ref.Release()
	})
}

// TestRetainOfWhatWasNotRead copies it, of any size, also before the first read; and
// nothing of the input is nothing.
func TestRetainOfWhatWasNotRead(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		for range 2 {
			for _, size := range []int{0, 1, retainWhole, inputSize, inputSize + 1} {
				p := pattern(size)
				ref := w.sh.Retain(p)
				equal(t, "retained", bytes.Equal(ref.Bytes(), p), true)
				ref.Release()
			}
			w.sh.Retain(w.sh.buffer()[:0]).Release()
		}
	})
}

// TestALoopThatEndsInACallback leaves what that has retained to who has it.
func TestALoopThatEndsInACallback(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		ref := w.sh.Retain(w.sh.buffer()[:retainWhole])
		w.sh.closeInput()
		equal(t, "used", w.sh.Pool().Used(), 0)
		ref.Release()
	})
}
