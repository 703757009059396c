//go:build unix

package engine_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/engine"
	"github.com/shardloop/shardloop/internal/emulator"
)

// TestPipesOfAChild sends much through a program that echoes, by its standard
// descriptors.
func TestPipesOfAChild(t *testing.T) {
	emulator.SkipChildren(t)
	l := newLoop(t)
	theirIn, ourOut := pipe(t)
	ourIn, theirOut := pipe(t)
	cat := exec.Command("cat")
	cat.Stdin, cat.Stdout = theirIn, theirOut
	must(t, cat.Start())
	must(t, theirIn.Close())
	must(t, theirOut.Close())
	in, out := &wireTap{}, &wireTap{}
	pipeOn(t, l, toRead, in, ourIn)
	tr := pipeOn(t, l, toWrite, out, ourOut)
	all := pattern(4 << 20)
	must(t, wrote(tr.Write(all)))
	must(t, tr.WriteEOF())
	in.onLost, out.onLost = l.Stop, l.Stop
	for !in.over || !out.over {
		run(t, l)
	}
	isEqual(t, "back", in.got, tallyOf(all))
	isEqual(t, "errors", in.err == nil && out.err == nil, true)
	must(t, cat.Wait())
}

// TestAChildThatDies leaves what was not sent as an error, and what it has sent.
func TestAChildThatDies(t *testing.T) {
	emulator.SkipChildren(t)
	l := newLoop(t)
	theirIn, ourOut := pipe(t)
	ourIn, theirOut := pipe(t)
	child := exec.Command("sh", "-c", "head -c 100000; exit 3")
	child.Stdin, child.Stdout = theirIn, theirOut
	must(t, child.Start())
	must(t, theirIn.Close())
	must(t, theirOut.Close())
	in, out := &wireTap{}, &wireTap{}
	pipeOn(t, l, toRead, in, ourIn)
	tr := pipeOn(t, l, toWrite, out, ourOut)
	all := pattern(1 << 20)
	must(t, wrote(tr.Write(all)))
	in.onLost, out.onLost = l.Stop, l.Stop
	for !in.over || !out.over {
		run(t, l)
	}
	isEqual(t, "received", in.got, tallyOf(all[:100_000]))
	isEqual(t, "its end", in.err, nil)
	wantErr(t, "what was not sent", out.err, syscall.EPIPE)
	var exit *exec.ExitError
	isEqual(t, "status", errors.As(child.Wait(), &exit), true)
}

// TestFIFO: it has not ended before somebody has opened it for writing.
func TestFIFO(t *testing.T) {
	l := newLoop(t)
	path := filepath.Join(t.TempDir(), "fifo")
	must(t, unix.Mkfifo(path, 0o600))
	r, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	must(t, err)
	in, out := &wireTap{}, &wireTap{}
	tr := pipeOn(t, l, toRead, in, r)
	isEqual(t, "name", viewOf(tr).Name(), path)
	tr.PauseReading()
	turn(t, l)
	tr.ResumeReading()
	idleTurns(t, l)
	in.want(t, "made")
	w, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0)
	must(t, err)
	writer := pipeOn(t, l, toWrite, out, w)
	must(t, wrote(writer.Write([]byte("hello"))))
	writer.Close()
	untilSo(t, l, func() bool { return in.over && out.over })
	in.want(t, "data", "eof", "lost")
	isEqual(t, "received", in.got, tallyOf([]byte("hello")))
}

// TestPipesOverOneSocket: the transport that writes leaves what comes in to the one
// that reads, and stays when there is something.
func TestPipesOverOneSocket(t *testing.T) {
	l := newLoop(t)
	near, far := fileOfSocket(t)
	in, out := &wireTap{}, &wireTap{}
	tr := pipeOn(t, l, toWrite, out, dupFile(t, near))
	far.send("early")
	idleTurns(t, l)
	pipeOn(t, l, toRead, in, near)
	far.send("late")
	all := stuffed(t, tr)
	far.drained(l, len(all))
	untilSo(t, l, func() bool { return in.got.n == 9 })
	isEqual(t, "received", in.got, tallyOf([]byte("earlylate")))
	isEqual(t, "sent", far.in, tallyOf(all))
	tr.Close()
	untilSo(t, l, func() bool { return out.over })
	far.send("still")
	far.close()
	untilSo(t, l, func() bool { return in.over })
	isEqual(t, "received", in.got, tallyOf([]byte("earlylatestill")))
}

// TestSharedOpenFile: a transport that is gone leaves the poller, although others
// have the open file, whose events would come for ever.
func TestSharedOpenFile(t *testing.T) {
	l := newLoop(t)
	told := failures(l)
	near, far := fileOfSocket(t)
	other := dupFile(t, near)
	tap := &wireTap{}
	tr := pipeOn(t, l, toRead, tap, near)
	tr.Close()
	untilSo(t, l, func() bool { return tap.over })
	before := l.Stats().Events
	for range 100 {
		far.send("x")
		turn(t, l)
	}
	isEqual(t, "events", l.Stats().Events-before, 0)
	isEqual(t, "reports", len(*told), 0)
	rest := &wireEnd{t: t, file: other}
	rest.read()
	isEqual(t, "left", rest.in.n, 100)
}

// TestDevicesThatNobodyWatches are always ready.
func TestDevicesThatNobodyWatches(t *testing.T) {
	l := newLoop(t)
	open := func(path string) *os.File {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		must(t, err)
		t.Cleanup(func() { f.Close() })
		return f
	}
	in := &wireTap{}
	pipeOn(t, l, toRead, in, open(os.DevNull))
	untilSo(t, l, func() bool { return in.over })
	in.want(t, "made", "eof", "lost")

	out := &wireTap{}
	tr := pipeOn(t, l, toWrite, out, open(os.DevNull))
	must(t, wrote(tr.Write(pattern(1<<20))))
	must(t, tr.WriteEOF())
	untilSo(t, l, func() bool { return out.over })
	out.want(t, "made", "lost")
	isEqual(t, "error", out.err, nil)

	in = &wireTap{}
	tr = pipeOn(t, l, toRead, in, open("/dev/zero"))
	in.onData = func([]byte) {
		if len(in.chunks) == 3 {
			tr.PauseReading()
		}
	}
	idleTurns(t, l)
	isEqual(t, "reads until the pause", len(in.chunks), 3)
	in.onData = nil
	tr.ResumeReading()
	idleTurns(t, l)
	isEqual(t, "reads", len(in.chunks) >= 6 && len(in.chunks) <= 8, true)
	tr.Close()
	untilSo(t, l, func() bool { return in.over })
}

// TestPipesHaveOneDirection: what is for the other one is an error, or does nothing.
func TestPipesHaveOneDirection(t *testing.T) {
	l := newLoop(t)
	start(t, l)
	r, w := pipe(t)
	in, _, err := l.ConnectReadPipe(t.Context(), func() engine.Protocol { return &wireTap{} }, r)
	must(t, err)
	x := []byte("x")
	wantErr(t, "PostWait", in.PostWait(t.Context(), x), engine.ErrUnsupported)
	wantErr(t, "Post", in.Post(x), engine.ErrUnsupported)
	wantErr(t, "PostOwned", in.PostOwned(x, nil), engine.ErrUnsupported)
	onLoop(t, l, func() {
		wantErr(t, "Write", wrote(in.Write(x)), engine.ErrUnsupported)
		wantErr(t, "Writev", wrote(in.Writev([][]byte{x})), engine.ErrUnsupported)
		wantErr(t, "WriteOwned", in.WriteOwned(x, func() { t.Error("released what it refused") }), engine.ErrUnsupported)
		wantErr(t, "WriteEOF", in.WriteEOF(), engine.ErrUnsupported)
		isEqual(t, "CanWriteEOF", in.CanWriteEOF(), false)
		isEqual(t, "closing", in.IsClosing(), false)
	})
	out, _, err := l.ConnectWritePipe(t.Context(), func() engine.Protocol { return &wireTap{} }, w)
	must(t, err)
	onLoop(t, l, func() {
		out.ResumeReading()
		isEqual(t, "reading", out.IsReading(), false)
		out.PauseReading()
		must(t, wrote(out.Write(x)))
	})
}

// TestPostsToAPipe come from several goroutines, into a pipe whose reader is slow.
func TestPostsToAPipe(t *testing.T) {
	const posters, posts = 4, 500
	l := newLoop(t)
	start(t, l)
	r, w := pipe(t)
	tr, _, err := l.ConnectWritePipe(t.Context(), func() engine.Protocol { return &wireTap{} }, w)
	must(t, err)
	var group sync.WaitGroup
	for range posters {
		group.Go(func() {
			for range posts {
				if err := tr.PostWait(context.Background(), pattern(1000)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	got, want := tally{}, pattern(1000)
	var all tally
	for buf := make([]byte, 1000); got.n < posters*posts*1000; {
		_, err := io.ReadFull(r, buf)
		must(t, err)
		got.add(buf)
		all.add(want)
	}
	group.Wait()
	isEqual(t, "received", got, all)
}

// TestAPipeGivenUp is closed when the context ends before the transport is there.
func TestAPipeGivenUp(t *testing.T) {
	l := newLoop(t)
	for name, connect := range map[string]connectPipe{"read": toRead, "write": toWrite} {
		f, far := pipe(t)
		if name == "write" {
			f, far = far, f
		}
		task := engine.CreateTask(l, func(ctx context.Context) (struct{}, error) {
			_, _, err := connect(l, ctx, func() engine.Protocol { return &wireTap{} }, f)
			return struct{}{}, err
		}, engine.TaskOptions{})
		turn(t, l)
		wantErr(t, "it was taken", f.Close(), os.ErrClosed)
		task.Cancel(nil)
		untilSo(t, l, task.Done)
		_, err := task.Result()
		wantErr(t, "cancelled", err, engine.ErrCancelled)
		idleTurns(t, l)
		isEqual(t, "closed", isClosedPipe(t, name, far), true)
	}
}

// TestFilesThatBlock: os.File.Fd made the open file block, which a transport undoes.
func TestFilesThatBlock(t *testing.T) {
	l := newLoop(t)
	r, w := pipe(t)
	fd := int(w.Fd())
	isEqual(t, "does not block", nonblocking(t, fd), false)
	tap := &wireTap{}
	tr := pipeOn(t, l, toWrite, tap, w)
	all := stuffed(t, tr) // or the test would not end
	tr.Close()
	drip(t, l, &wireEnd{t: t, file: r})
	isEqual(t, "over", tap.over, true)
	isEqual(t, "some", len(all) > 0, true)
}

// TestAFileThatIsRead: a goroutine that waits in a read is told that the file is
// closed, and the transport gets what comes.
func TestAFileThatIsRead(t *testing.T) {
	l := newLoop(t)
	r, w := pipe(t)
	reads := make(chan error, 1)
	go func() {
		_, err := r.Read(make([]byte, 1))
		reads <- err
	}()
	tap := &wireTap{}
	pipeOn(t, l, toRead, tap, r)
	wantErr(t, "the read", <-reads, os.ErrClosed)
	_, err := w.Write([]byte("hello"))
	must(t, err)
	untilSo(t, l, func() bool { return tap.got.n == 5 })
}

// TestLostPipesInDebugMode are logged with their error.
func TestLostPipesInDebugMode(t *testing.T) {
	l, log := logged(t, engine.Config{Debug: true})
	tap, tr, far := writePipe(t, l)
	stuffed(t, tr)
	far.close()
	untilSo(t, l, func() bool { return tap.over })
	found := false
	for _, r := range log.list {
		if r.text == "connection lost" {
			isEqual(t, "level", r.level, slog.LevelDebug)
			isEqual(t, "transport", r.attrs["transport"], any(tr))
			found = true
		}
	}
	isEqual(t, "logged", found, true)
}

// TestPipeRelay sends much through two pipes, in pieces of any size, with readers
// that pause as they like.
func TestPipeRelay(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	const amount = 3 << 20
	l := newLoop(t)
	r1, w1 := pipe(t)
	r2, w2 := pipe(t)
	source, middle, onward, sink := &wireTap{}, &wireTap{}, &wireTap{}, &wireTap{}
	from, between := pipeOn(t, l, toWrite, source, w1), pipeOn(t, l, toRead, middle, r1)
	to, last := pipeOn(t, l, toWrite, onward, w2), pipeOn(t, l, toRead, sink, r2)
	onward.onPause, onward.onReady = between.PauseReading, between.ResumeReading
	middle.onData = func(p []byte) { must(t, wrote(to.Write(p))) }
	middle.onLost = to.Close
	all := pattern(amount)
	left, paused := all, false
	source.onPause, source.onReady = func() { paused = true }, func() { paused = false }
	untilSo(t, l, func() bool {
		for !paused && len(left) > 0 {
			n := min(1+rnd.IntN(1<<(1+rnd.IntN(17))), len(left))
			must(t, wrote(from.Write(left[:n])))
			if left = left[n:]; len(left) == 0 {
				must(t, from.WriteEOF())
			}
		}
		if rnd.IntN(3) == 0 {
			last.PauseReading()
		} else {
			last.ResumeReading()
		}
		return sink.over
	})
	isEqual(t, "received", sink.got, tallyOf(all))
	for _, tap := range []*wireTap{source, middle, onward, sink} {
		isEqual(t, "error", tap.err, nil)
	}
}
