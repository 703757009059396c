package engine_test

import (
	"net"
	"os"
	"slices"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/engine"
)

func TestPipesOfLinux(t *testing.T) {
	prove(t, "PIPE-03", testPipeReadSize)
	prove(t, "PIPE-05", testPipeReadErrors)
	prove(t, "PIPE-15", testTerminalBothWays)
}

// testPipeReadSize: of a pipe that holds more than a read takes, one read a turn.
func testPipeReadSize(t *testing.T) {
	const most = 256 << 10
	l := newLoop(t)
	tap, tr, far := readPipe(t, l)
	size, err := unix.FcntlInt(uintptr(viewOf(tr).Fd()), unix.F_SETPIPE_SZ, 1<<20)
	must(t, err)
	sent := far.write(pattern(1 << 20))
	isEqual(t, "fits into the pipe", sent > most && sent <= size, true)
	for i := 1; tap.got.n < sent; i++ {
		turn(t, l)
		isEqual(t, "reads", len(tap.chunks), i)
	}
	isEqual(t, "the largest", slices.Max(tap.chunks), most)
	isEqual(t, "in all", tap.got, tallyOf(pattern(1 << 20)[:sent]))
}

// testPipeReadErrors: a terminal that has ended is quiet, another error is not.
func testPipeReadErrors(t *testing.T) {
	l := newLoop(t)
	told := failures(l)
	master, slave := terminal(t)
	tap := &wireTap{}
	pipeOn(t, l, toRead, tap, master)
	_, err := slave.Write([]byte("last words"))
	must(t, err)
	must(t, slave.Close())
	untilSo(t, l, func() bool { return tap.over })
	isEqual(t, "received", tap.got, tallyOf([]byte("last words")))
	wantErr(t, "the end of a terminal", tap.err, syscall.EIO)
	isEqual(t, "reports", len(*told), 0)

	near, far := tcpFile(t)
	tap = &wireTap{}
	tr := pipeOn(t, l, toRead, tap, near)
	must(t, far.SetLinger(0))
	must(t, far.Close())
	untilSo(t, l, func() bool { return tap.over })
	wantErr(t, "a reset", tap.err, syscall.ECONNRESET)
	wantFailure(t, told, "Fatal read error on pipe transport", tr, tap, syscall.ECONNRESET)
}

// tcpFile is one end of a TCP connection as a file, and the other.
func tcpFile(t testing.TB) (*os.File, *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	near, err := net.Dial("tcp", l.Addr().String())
	must(t, err)
	defer near.Close()
	far, err := l.Accept()
	must(t, err)
	f, err := near.(*net.TCPConn).File()
	must(t, err)
	t.Cleanup(func() { f.Close(); far.Close() })
	return f, far.(*net.TCPConn)
}

// testTerminalBothWays: each end of a terminal has a transport that reads and one
// that writes, over duplicates, and all send at once.
func testTerminalBothWays(t *testing.T) {
	l := newLoop(t)
	master, slave := terminal(t)
	var taps [2]*wireTap
	var outs [2]engine.Transport
	all := pattern(300_000)
	for i, f := range []*os.File{master, slave} {
		taps[i] = &wireTap{}
		outs[i] = pipeOn(t, l, toWrite, &wireTap{}, dupFile(t, f))
		pipeOn(t, l, toRead, taps[i], f)
	}
	for _, tr := range outs {
		must(t, wrote(tr.Write(all)))
	}
	untilSo(t, l, func() bool { return taps[0].got.n >= len(all) && taps[1].got.n >= len(all) })
	for i := range taps {
		isEqual(t, "received", taps[i].got, tallyOf(all))
		outs[i].Close()
	}
	isEqual(t, "the readers are there", taps[0].over || taps[1].over, false)
	taps[1].tr.Close()
	untilSo(t, l, func() bool { return taps[0].over && taps[1].over })
	wantErr(t, "the end of a terminal", taps[0].err, syscall.EIO)
}
