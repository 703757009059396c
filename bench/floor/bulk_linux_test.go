package floor

import (
	"bytes"
	"io"
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

// A connection of a server of bulk may be reset, and its answer be longer than
// what the kernel takes at once.
func TestBulk(t *testing.T) {
	fd, addr := listen(t)
	answer := bytes.Repeat([]byte("0123456789abcdef"), 1<<20)
	b, err := NewBulk(fd, func(fd int, buf []byte) error {
		n, err := Read(fd, buf)
		if n == 0 {
			return End(fd, err)
		}
		return WriteAll(fd, answer)
	})
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan error, 1)
	go func() {
		var err error
		for err == nil || err == unix.EINTR {
			err = b.Turn()
		}
		over <- err
	}()
	for _, linger := range []int{0, -1} {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		conn.(*net.TCPConn).SetLinger(linger)
		conn.Write([]byte("x"))
		got := make([]byte, len(answer)>>(4*(linger+1))) // the first one leaves unread bytes
		if _, err := io.ReadFull(conn, got); err != nil || !bytes.HasPrefix(answer, got) {
			t.Errorf("the answer differs: %v", err)
		}
		conn.Close()
	}
	if err := unix.Shutdown(fd, unix.SHUT_RDWR); err != nil {
		t.Fatal(err)
	}
	if err := <-over; err != unix.EINVAL {
		t.Errorf("it ended with %v", err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}
