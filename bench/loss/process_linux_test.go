package loss

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/shardloop/shardloop/internal/emulator"
)

func TestProcess(t *testing.T) {
	self := os.Getpid()
	before, err := cpuOf(self)
	if err != nil {
		t.Fatal(err)
	}
	for now := before; now < before+5*time.Millisecond; { // it takes what it takes
		if now, err = cpuOf(self); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := resident(self); err != nil || n < 1<<20 {
		t.Errorf("%d bytes are resident: %v", n, err)
	}
	const none = 1<<22 + 1 // no system has so many
	_, err1 := cpuOf(none)
	_, err2 := resident(none)
	_, err3 := sockets(none)
	_, err4 := limitDescriptors(none)
	if err1 == nil || err2 == nil || err3 == nil || err4 == nil {
		t.Error("a process that is not there answers")
	}
}

func TestSocketsThatStay(t *testing.T) {
	pid := os.Getpid()
	before, err := sockets(pid)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	process, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	tr := &trial{idle: 1, server: &server{}}
	tr.server.cmd = &exec.Cmd{Process: process}
	if v := tr.settles(before); v.Kind != Leaks || v.Count != 1 {
		t.Errorf("one more socket: %v", v)
	}
	if v := tr.settles(before + 1); v.Kind != All {
		t.Errorf("as many sockets: %v", v)
	}
}

// The number of a socket has to be below the limit, or its end would give nothing back.
func TestLimitDescriptors(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	socket, err := ln.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	for _, c := range []struct {
		what  string
		files []*os.File // from 3 on
		want  bool
	}{
		{"a socket behind a free number", []*os.File{nil, socket}, false},
		{"a file behind a free number", []*os.File{socket, nil, os.Stderr}, true},
		{"no free number", []*os.File{socket}, true},
	} {
		if got, err := limitDescriptors(idleProcess(t, c.files)); got != c.want || err != nil {
			t.Errorf("%s: limited is %t, %v", c.what, got, err)
		}
	}
}

// idleProcess is a process that has files open and has begun.
func idleProcess(t *testing.T, files []*os.File) int {
	t.Helper()
	emulator.SkipChildren(t)
	cat := exec.CommandContext(t.Context(), "cat")
	cat.ExtraFiles = files
	in, err1 := cat.StdinPipe()
	out, err2 := cat.StdoutPipe()
	if err := errors.Join(err1, err2, cat.Start()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = in.Close(), cat.Wait() })
	_, err1 = in.Write([]byte("!"))
	_, err2 = out.Read(make([]byte, 1))
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	return cat.Process.Pid
}
