//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
	"github.com/shardloop/shardloop/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }

// start runs the proxy on two loops, and returns it and its address.
func start(t *testing.T, target net.Addr) (*engine.GroupServer, string) {
	t.Helper()
	g, err := engine.NewGroup(2, engine.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := g.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if err := g.Start(); err != nil {
		t.Fatal(err)
	}
	to := engine.ConnectOptions{Host: "127.0.0.1", Port: target.(*net.TCPAddr).Port}
	s, err := g.CreateServer(t.Context(), func() engine.Protocol { return newFront(to) },
		engine.GroupServerOptions{ServerOptions: engine.ServerOptions{Host: "127.0.0.1"}})
	if err != nil {
		t.Fatal(err)
	}
	at, err := s.Sockets()[0].LocalAddr()
	if err != nil {
		t.Fatal(err)
	}
	return s, at.String()
}

// listen is the target.
func listen(t *testing.T) *net.TCPListener {
	t.Helper()
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// pair is a connection through the proxy, both of its ends.
func pair(t *testing.T, addr string, l *net.TCPListener) (client, target *net.TCPConn) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	target, err = l.AcceptTCP()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { target.Close() })
	return c.(*net.TCPConn), target
}

// flow sends p from one end to the other, and its end.
func flow(t *testing.T, from, to *net.TCPConn, p []byte) {
	var sent sync.WaitGroup
	sent.Go(func() {
		if _, err := from.Write(p); err != nil {
			t.Error(err)
		}
		if err := from.CloseWrite(); err != nil {
			t.Error(err)
		}
	})
	receive(t, to, p)
	sent.Wait()
}

func receive(t *testing.T, c *net.TCPConn, want []byte) {
	if got, err := io.ReadAll(c); err != nil || !bytes.Equal(got, want) {
		t.Errorf("received %d bytes of %d, %v", len(got), len(want), err)
	}
}

func load(n int) []byte {
	p := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(n)}).Read(p)
	return p
}

// TestProxy: each direction is passed on to its end, in whatever order the two end,
// and after that nothing is left open.
func TestProxy(t *testing.T) {
	l := listen(t)
	s, addr := start(t, l.Addr())
	up, down := load(3<<20), load(2<<20)
	for name, order := range map[string]func(t *testing.T, client, target *net.TCPConn){
		"at the same time": func(t *testing.T, client, target *net.TCPConn) {
			var other sync.WaitGroup
			other.Go(func() { flow(t, target, client, down) })
			flow(t, client, target, up)
			other.Wait()
		},
		"client first": func(t *testing.T, client, target *net.TCPConn) {
			flow(t, client, target, up)
			flow(t, target, client, down)
		},
		"target first": func(t *testing.T, client, target *net.TCPConn) {
			flow(t, target, client, down)
			flow(t, client, target, up)
		},
		"nothing": func(t *testing.T, client, target *net.TCPConn) {
			flow(t, client, target, nil)
			flow(t, target, client, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			client, target := pair(t, addr, l)
			order(t, client, target)
		})
	}
	// Nobody has closed either end, and the proxy does not wait for that.
	s.Close()
	if err := s.WaitClosed(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestProxyReset: a reset on one side is one on the other, so that nobody takes a part
// for the whole.
func TestProxyReset(t *testing.T) {
	l := listen(t)
	_, addr := start(t, l.Addr())
	for _, side := range []string{"client", "target"} {
		t.Run(side, func(t *testing.T) {
			one, other := pair(t, addr, l)
			if side == "target" {
				one, other = other, one
			}
			part := load(1000)
			if _, err := one.Write(part); err != nil {
				t.Fatal(err)
			}
			got := make([]byte, len(part))
			if _, err := io.ReadFull(other, got); err != nil || !bytes.Equal(got, part) {
				t.Fatal(err)
			}
			if err := one.SetLinger(0); err != nil {
				t.Fatal(err)
			}
			one.Close()
			if n, err := other.Read(got); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("%d bytes, %v", n, err)
			}
		})
	}
}

// TestProxyRefused: a client whose target is not there is reset.
func TestProxyRefused(t *testing.T) {
	l := listen(t)
	l.Close()
	_, addr := start(t, l.Addr())
	c, err := net.Dial("tcp", addr) // which may be too late to see it succeed
	if err == nil {
		defer c.Close()
		_, err = c.Read(make([]byte, 1))
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Error(err)
	}
}

// TestProxyHoldsBack: a client whose target does not read cannot send without end, and
// what it has sent arrives when the target reads.
func TestProxyHoldsBack(t *testing.T) {
	l := listen(t)
	_, addr := start(t, l.Addr())
	client, target := pair(t, addr, l)
	if err := client.SetWriteDeadline(time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	up := load(128 << 20)
	n, err := client.Write(up)
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the proxy took %d bytes, %v", n, err)
	}
	if err := client.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	receive(t, target, up[:n])
}
