package floor

import (
	"bytes"
	"io"
	"net"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

func TestEcho(t *testing.T) {
	fd, addr := listen(t)
	e, err := NewEcho(fd)
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan error, 1)
	go func() {
		var err error
		for err == nil {
			before := e.Now
			if err = e.Turn(); err == unix.EINTR {
				err = nil
			} else if !e.Now.After(before) {
				t.Errorf("clock went from %v to %v", before, e.Now)
			}
		}
		over <- err
	}()
	for range 3 { // the second has the descriptor of the first
		exchange(t, addr)
	}
	if err := unix.Shutdown(fd, unix.SHUT_RDWR); err != nil {
		t.Fatal(err)
	}
	if err := <-over; err != unix.EINVAL {
		t.Errorf("it ended with %v", err)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

// An event of a descriptor's earlier owner is dropped.
func TestEchoKnowsGenerations(t *testing.T) {
	fd, addr := listen(t)
	e, err := NewEcho(fd)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	e.generations[fd]++
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := e.Turn(); err != nil {
		t.Fatal(err)
	}
	if nfd, _, err := unix.Accept4(fd, unix.SOCK_CLOEXEC); err != nil {
		t.Errorf("the connection was accepted by a stale event: %v", err)
	} else {
		unix.Close(nfd)
	}
}

// listen makes a non-blocking listener.
func listen(t *testing.T) (fd int, addr string) {
	t.Helper()
	ln, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	f, err := ln.File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	fd = int(f.Fd())
	if err := unix.SetNonblock(fd, true); err != nil {
		t.Fatal(os.NewSyscallError("fcntl", err))
	}
	return fd, ln.Addr().String()
}

func exchange(t *testing.T, addr string) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for range 2 {
		want, got := bytes.Repeat([]byte("ab"), 32), make([]byte, 64)
		if _, err := conn.Write(want); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(got, want) {
			t.Errorf("got %q: %v", got, err)
		}
	}
}
