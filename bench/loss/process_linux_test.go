package loss

import (
	"net"
	"os"
	"os/exec"
	"testing"
	"time"
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
	if err1 == nil || err2 == nil || err3 == nil || limitDescriptors(none) == nil {
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
