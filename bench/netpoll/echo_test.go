//go:build linux && (amd64 || arm64)

package netpoll

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"strings"
	"testing"
)

func TestEcho(t *testing.T) { echoes(t, Echo) }

// There are as many pollers as asked for, beside the runtime's own.
func TestEchoOn(t *testing.T) {
	echoes(t, func(ctx context.Context, ln net.Listener) error { return EchoOn(ctx, ln, 3) })
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	pollers := 0
	for _, f := range files {
		if to, err := os.Readlink("/proc/self/fd/" + f.Name()); err == nil && strings.Contains(to, "eventpoll") {
			pollers++
		}
	}
	if pollers != 1+3 {
		t.Errorf("%d pollers, want the runtime's and 3", pollers)
	}
}

func echoes(t *testing.T, serve func(context.Context, net.Listener) error) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	ctx, stop := context.WithCancel(t.Context())
	over := make(chan error, 1)
	go func() { over <- serve(ctx, ln) }()
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

// A server ends also when it is told before it serves.
func TestEchoEndsEarly(t *testing.T) {
	for range 20 {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		stop()
		if err := Echo(ctx, ln); err != nil {
			t.Error(err)
		}
		_ = ln.Close() // netpoll has closed its own
	}
}
