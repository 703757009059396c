//go:build linux && (amd64 || arm64)

package netpoll

import (
	"bytes"
	"context"
	"io"
	"net"
	"testing"
)

// A sink's function sees all bytes of its connection, and its answer arrives.
func TestSink(t *testing.T) {
	conn := start(t, func(ctx context.Context, ln net.Listener) error {
		return Sink(ctx, ln, func() func([]byte) []byte {
			seen := 0
			return func(p []byte) []byte {
				if seen += len(p); seen < 100_000 {
					return nil
				}
				return []byte("all")
			}
		})
	})
	conn.Write(make([]byte, 100_000))
	got := make([]byte, 3)
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != "all" {
		t.Errorf("%q, %v", got, err)
	}
}

// A source sends what there is, as its client reads.
func TestSource(t *testing.T) {
	piece := bytes.Repeat([]byte("0123456789abcdef"), 4096)
	conn := start(t, func(ctx context.Context, ln net.Listener) error {
		return Source(ctx, ln, func() (func([]byte), func() []byte) {
			left := 0
			return func(p []byte) { left = int(p[0]) }, func() []byte {
				if left--; left < 0 {
					return nil
				}
				return piece
			}
		})
	})
	conn.Write([]byte{150})
	got := make([]byte, 150*len(piece))
	if _, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(got, bytes.Repeat(piece, 150)) {
		t.Errorf("the bytes differ: %v", err)
	}
}

// start serves until the test ends, and returns a connection.
func start(t *testing.T, serve func(context.Context, net.Listener) error) net.Conn {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	over := make(chan error, 1)
	go func() { over <- serve(ctx, ln) }()
	t.Cleanup(func() {
		stop()
		if err := <-over; err != nil {
			t.Error(err)
		}
		ln.Close()
	})
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}
