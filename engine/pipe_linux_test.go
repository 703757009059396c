package engine_test

import (
	"fmt"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/engine"
)

// TestPackets: a writer may cut its pipe into packets, of which a read brings one,
// and the reader cannot see it. None is left behind.
func TestPackets(t *testing.T) {
	fds := make([]int, 2)
	must(t, unix.Pipe2(fds, unix.O_DIRECT|unix.O_NONBLOCK|unix.O_CLOEXEC))
	mode, err := unix.FcntlInt(uintptr(fds[0]), unix.F_GETFL, 0)
	must(t, err)
	t.Logf("the reader sees O_DIRECT: %t", mode&unix.O_DIRECT != 0)
	r, w := os.NewFile(uintptr(fds[0]), "r"), os.NewFile(uintptr(fds[1]), "w")
	defer w.Close()
	l := newLoop(t)
	tap := &wireTap{}
	pipeOn(t, l, toRead, tap, r)
	far := &wireEnd{t: t, file: w}
	for _, packet := range []string{"a", "bc", "def"} {
		far.send(packet)
	}
	for i := range 3 {
		turn(t, l)
		isEqual(t, "packets", len(tap.chunks), i+1)
	}
	isEqual(t, "received", tap.got, tallyOf([]byte("abcdef")))
}

// TestLinesOfATerminal: a read of a terminal with lines brings one.
func TestLinesOfATerminal(t *testing.T) {
	l := newLoop(t)
	master, slave := terminal(t)
	must(t, controlled(slave, func(fd int) error {
		state, err := unix.IoctlGetTermios(fd, unix.TCGETS)
		if err != nil {
			return err
		}
		state.Lflag |= unix.ICANON
		return unix.IoctlSetTermios(fd, unix.TCSETS, state)
	}))
	tap := &wireTap{}
	pipeOn(t, l, toRead, tap, slave)
	(&wireEnd{t: t, file: master}).send("one\ntwo\nthree\nand a part")
	untilSo(t, l, func() bool { return len(tap.chunks) == 3 })
	idleTurns(t, l)
	isEqual(t, "lines", fmt.Sprint(tap.chunks), "[4 4 6]")
	must(t, master.Close())
	untilSo(t, l, func() bool { return tap.over })
}

// TestTerminalThatHangsUp: only a write tells, since a terminal may be opened again.
func TestTerminalThatHangsUp(t *testing.T) {
	l := newLoop(t)
	told := failures(l)
	master, slave := terminal(t)
	name := slave.Name()
	tap := &wireTap{}
	tr := pipeOn(t, l, toWrite, tap, master)
	must(t, slave.Close())
	idleTurns(t, l)
	tap.want(t, "made")
	again, err := os.OpenFile(name, os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	must(t, err)
	defer again.Close()
	must(t, wrote(tr.Write([]byte("hello"))))
	far := &wireEnd{t: t, file: again}
	far.drained(l, 5)
	isEqual(t, "received", far.in, tallyOf([]byte("hello")))
	tr.Close()
	untilSo(t, l, func() bool { return tap.over })

	master, slave = terminal(t)
	tap = &wireTap{}
	tr = pipeOn(t, l, toWrite, tap, slave)
	must(t, master.Close())
	idleTurns(t, l)
	tap.want(t, "made")
	must(t, wrote(tr.Write([]byte("x"))))
	untilSo(t, l, func() bool { return tap.over })
	wantErr(t, "a write", tap.err, syscall.EIO)
	isEqual(t, "reports", len(*told), 0)
}

// TestASocketWhosePeerEnds is a pipe that nobody reads, and noticed so.
func TestASocketWhosePeerEnds(t *testing.T) {
	l := newLoop(t)
	near, far := tcpFile(t)
	tap := &wireTap{}
	pipeOn(t, l, toWrite, tap, near)
	_, err := far.Write([]byte("to nobody"))
	must(t, err)
	idleTurns(t, l)
	tap.want(t, "made")
	must(t, far.CloseWrite())
	untilSo(t, l, func() bool { return tap.over })
	isEqual(t, "error", tap.err, nil)
}

// TestASlowTerminal takes what waits when its reader goes on.
func TestASlowTerminal(t *testing.T) {
	l := newLoop(t)
	master, slave := terminal(t)
	tap := &wireTap{}
	tr := pipeOn(t, l, toWrite, tap, slave)
	all := stuffed(t, tr)
	idleTurns(t, l)
	tr.Close()
	far := &wireEnd{t: t, file: master}
	untilSo(t, l, func() bool { readSome(far); return far.in.n == len(all) })
	isEqual(t, "received", far.in, tallyOf(all))
	untilSo(t, l, func() bool { return tap.over })
	isEqual(t, "error", tap.err, nil)
}

// TestStandardDescriptors stay open until their transport ends, so that their number
// does not become another's.
func TestStandardDescriptors(t *testing.T) {
	l := newLoop(t)
	saved, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 3)
	must(t, err)
	defer func() {
		must(t, unix.Dup3(saved, 0, 0))
		must(t, unix.Close(saved))
	}()
	r, w := pipe(t)
	from, err := engine.FDOf(r)
	must(t, err)
	must(t, dup(from, 0))
	must(t, r.Close())
	stdin := os.NewFile(0, "stdin")
	tap := &wireTap{}
	tr := pipeOn(t, l, toRead, tap, stdin)
	isEqual(t, "it has another", viewOf(tr).Fd() > 2, true)
	if _, err := unix.FcntlInt(0, unix.F_GETFD, 0); err != nil {
		t.Errorf("descriptor 0: %v", err)
	}
	must(t, w.Close())
	untilSo(t, l, func() bool { return tap.over })
	wantErr(t, "afterwards", stdin.Close(), os.ErrClosed)
	_, err = unix.FcntlInt(0, unix.F_GETFD, 0)
	isEqual(t, "afterwards", err, error(unix.EBADF))
}

// TestADeviceAmongTurnsWithoutAPoll is read once for each poll, and goes on.
func TestADeviceAmongTurnsWithoutAPoll(t *testing.T) {
	l := newLoop(t, engine.Config{PollEvery: 10})
	zero, err := os.Open("/dev/zero")
	must(t, err)
	tap := &wireTap{}
	tr := pipeOn(t, l, toRead, tap, zero)
	turns, chunks := 0, len(tap.chunks)
	var busy func()
	busy = func() {
		if turns++; turns == 100 {
			l.Stop()
			return
		}
		l.CallSoon(busy)
	}
	l.CallSoon(busy)
	must(t, l.RunForever())
	if got := len(tap.chunks) - chunks; got < 5 || got > 20 {
		t.Errorf("%d reads in 100 turns", got)
	}
	tr.Close()
	untilSo(t, l, func() bool { return tap.over })
}
