package load

import (
	"errors"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
)

// Each connection has one exchange, and ends by a reset.
func TestAccept(t *testing.T) {
	var accepted, reset atomic.Int64
	over := make(chan struct{}, 100)
	address := answer(t, func(conn net.Conn) {
		defer func() { over <- struct{}{} }()
		accepted.Add(1)
		p := make([]byte, 64)
		io.ReadFull(conn, p)
		conn.Write(p)
		if _, err := conn.Read(p); errors.Is(err, syscall.ECONNRESET) {
			reset.Add(1)
		}
	})
	if err := accept(t, address, 20); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		<-over
	}
	if accepted.Load() != 20 || reset.Load() != 20 {
		t.Errorf("%d connections, %d resets, want 20", accepted.Load(), reset.Load())
	}
}

func TestAcceptChecksAnswers(t *testing.T) {
	for want, spoil := range map[error]func(net.Conn, []byte){
		ErrWrong: func(conn net.Conn, p []byte) { p[63]++; conn.Write(p) },
		ErrEnd:   func(conn net.Conn, p []byte) { conn.Write(p[:63]) },
	} {
		address := answer(t, func(conn net.Conn) {
			p := make([]byte, 64)
			io.ReadFull(conn, p)
			spoil(conn, p)
		})
		if err := accept(t, address, 5); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
}

func accept(t *testing.T, address string, n int64) error {
	t.Helper()
	a, err := NewAccept("tcp", address, 3, 64, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}()
	return a.Run(n)
}
