//go:build linux && (amd64 || arm64)

package netpoll

import (
	"bytes"
	"context"
	"io"
	"net"
	"testing"
)

func TestEcho(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	ctx, stop := context.WithCancel(t.Context())
	over := make(chan error, 1)
	go func() { over <- Echo(ctx, ln) }()
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, size := range []int{1, 64, 10_000} {
		want := bytes.Repeat([]byte("0123456789abcdef"), size)[:size]
		got := make([]byte, size)
		if _, err := conn.Write(want); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
	stop()
	if err := <-over; err != nil {
		t.Error(err)
	}
}
