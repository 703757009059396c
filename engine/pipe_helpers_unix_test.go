//go:build unix

package engine_test

import (
	"context"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/engine"
)

// connectPipe is ConnectReadPipe or ConnectWritePipe.
type connectPipe func(*engine.Loop, context.Context, engine.ProtocolFactory, *os.File) (engine.Transport, engine.Protocol, error)

var (
	toRead  connectPipe = (*engine.Loop).ConnectReadPipe
	toWrite connectPipe = (*engine.Loop).ConnectWritePipe
)

// pipeOn makes the transport of a pipe, by turns of the loop.
func pipeOn(t testing.TB, l *engine.Loop, connect connectPipe, p engine.Protocol, f *os.File) engine.Transport {
	t.Helper()
	tr, err := pipeTried(t, l, connect, p, f)
	must(t, err)
	return tr
}

func pipeTried(t testing.TB, l *engine.Loop, connect connectPipe, p engine.Protocol, f *os.File) (engine.Transport, error) {
	t.Helper()
	task := engine.CreateTask(l, func(ctx context.Context) (engine.Transport, error) {
		tr, _, err := connect(l, ctx, func() engine.Protocol { return p }, f)
		return tr, err
	}, engine.TaskOptions{})
	untilSo(t, l, task.Done)
	return task.Result()
}

// readPipe makes the transport of a pipe that is read, which has told of its
// beginning, and its other end.
func readPipe(t testing.TB, l *engine.Loop) (*wireTap, engine.Transport, *wireEnd) {
	t.Helper()
	r, w := pipe(t)
	tap := &wireTap{}
	tr := pipeOn(t, l, toRead, tap, r)
	tap.want(t, "made")
	return tap, tr, &wireEnd{t: t, file: w}
}

// writePipe is readPipe for one that is written to.
func writePipe(t testing.TB, l *engine.Loop) (*wireTap, engine.Transport, *wireEnd) {
	t.Helper()
	r, w := pipe(t)
	tap := &wireTap{}
	tr := pipeOn(t, l, toWrite, tap, w)
	tap.want(t, "made")
	return tap, tr, &wireEnd{t: t, file: r}
}

// stuffed writes to a transport, whose peer does not read, until the kernel takes
// no more, and returns all that was written.
func stuffed(t testing.TB, tr engine.Transport) (all []byte) {
	t.Helper()
	for tr.WriteBufferSize() == 0 {
		p := pattern(len(all)%1000 + 20_000)
		must(t, wrote(tr.Write(p)))
		all = append(all, p...)
	}
	return all
}

// fileOfSocket is one end of a pair of unix sockets, and the other.
func fileOfSocket(t testing.TB) (*os.File, *wireEnd) {
	t.Helper()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	must(t, err)
	must(t, syscall.SetNonblock(fds[1], true))
	near, far := os.NewFile(uintptr(fds[0]), "near"), os.NewFile(uintptr(fds[1]), "far")
	t.Cleanup(func() { near.Close(); far.Close() })
	return near, &wireEnd{t: t, file: far}
}

// viewOf is the pipe of a transport.
func viewOf(tr engine.Transport) *engine.TransportPipe {
	return tr.ExtraInfo("pipe").(*engine.TransportPipe)
}

// drip lets the far end read a little in each turn, until it ends.
func drip(t testing.TB, l *engine.Loop, far *wireEnd) {
	t.Helper()
	p := make([]byte, 3001)
	untilSo(t, l, func() bool {
		n, err := syscall.Read(far.fd(), p)
		if err == syscall.EAGAIN || err == syscall.EINTR {
			return false
		}
		must(t, err)
		far.in.add(p[:n])
		return n == 0
	})
}

// nonblocking reports whether a descriptor does not block.
func nonblocking(t testing.TB, fd int) bool {
	t.Helper()
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	must(t, err)
	return flags&unix.O_NONBLOCK != 0
}
