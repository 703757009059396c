//go:build unix

package engine_test

import (
	"net"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/engine"
)

// TestTransportPipe may be looked at, also when the transport is gone, and neither
// read nor written to.
func TestTransportPipe(t *testing.T) {
	l := newLoop(t)
	tap, tr, _ := readPipe(t, l)
	view := viewOf(tr)
	c, err := view.SyscallConn()
	must(t, err)
	var mode int
	must(t, c.Control(func(fd uintptr) { mode, err = unix.FcntlInt(fd, unix.F_GETFL, 0) }))
	must(t, err)
	isEqual(t, "mode", mode&unix.O_ACCMODE, unix.O_RDONLY)
	never := func(uintptr) bool { t.Error("called"); return true }
	wantErr(t, "Read", c.Read(never), engine.ErrUnsupported)
	wantErr(t, "Write", c.Write(never), engine.ErrUnsupported)
	tr.Abort()
	untilSo(t, l, func() bool { return tap.over })
	wantErr(t, "Control", c.Control(func(uintptr) { t.Error("called") }), net.ErrClosed)
	isEqual(t, "name", view.Name(), "|0")
}
