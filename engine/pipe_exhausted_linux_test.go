package engine_test

import (
	"os"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

func init() { exhaustedChildren["Pipes"] = testPipesExhausted }

// TestPipesExhausted: without a descriptor for the duplicate, the pipe stays the
// caller's, and the same call succeeds when there is one.
func TestPipesExhausted(t *testing.T) { exhaustedChild(t, "Pipes") }

func testPipesExhausted(t *testing.T) {
	l := newLoop(t)
	told := failures(l)
	for name, connect := range map[string]connectPipe{"read": toRead, "write": toWrite} {
		near, other := pipe(t)
		if name == "write" {
			near, other = other, near
		}
		all, tap := &crowd{t: t}, &wireTap{}
		all.fill(0)
		for range 3 {
			_, err := pipeTried(t, l, connect, tap, near)
			failed := wantOpError(t, err, "dup", "pipe", syscall.EMFILE)
			isEqual(t, "text", failed.Error(), "dup pipe "+near.Name()+": fcntl: too many open files")
		}
		tap.want(t)
		wantStillOpen(t, l, name, near, other)
		all.free(1)
		tr := pipeOn(t, l, connect, tap, near)
		wantErr(t, "the file", near.Close(), os.ErrClosed)
		tr.Close()
		untilSo(t, l, func() bool { return tap.over })
		tap.want(t, "made", "lost")
		all.free(len(all.filler))
	}
	isEqual(t, "reports", len(*told), 0)
}

// wantStillOpen wants a pipe that the loop does not have, and a loop that goes on.
func wantStillOpen(t *testing.T, l *engine.Loop, name string, near, other *os.File) {
	t.Helper()
	wantWatched(t, l, 0)
	isEqual(t, "transports", l.Stats().Connections, 0)
	r, w := near, other
	if name == "write" {
		r, w = other, near
	}
	_, err := w.WriteString("hello")
	must(t, err)
	p := make([]byte, 9)
	n, err := r.Read(p)
	must(t, err)
	isEqual(t, name, string(p[:n]), "hello")
	called := false
	inTurn(t, l, func() { called = true })
	isEqual(t, "the loop goes on", called, true)
}
