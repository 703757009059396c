package servers

import (
	"bytes"
	"context"
	"io"
	"net"
	"path/filepath"
	"testing"
)

// Every server sends back what it gets, however it is cut, also after a
// connection that was reset.
func TestEchoRoles(t *testing.T) {
	for _, role := range []string{"echo", "idle", "pipelined"} {
		for _, network := range []string{"tcp", "unix"} {
			everyServer(t, role, network, func(t *testing.T, address string) {
				abandon(t, network, address)
				conn := dial(t, network, address)
				want := bytes.Repeat([]byte("0123456789abcdef"), 12) // three requests
				from := 0
				for _, cut := range []int{1, 63, 64, 65, 130, len(want)} {
					conn.Write(want[from:cut])
					from = cut
				}
				got := make([]byte, len(want))
				if _, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%q, %v", got, err)
				}
			})
		}
	}
}

// Those that read requests send back each, however it is cut.
func TestStreamRoles(t *testing.T) {
	line := append(bytes.Repeat([]byte("x"), PipelinedSize-1), '\n')
	for _, role := range []string{"readexactly", "readline"} {
		for _, network := range []string{"tcp", "unix"} {
			everyServer(t, role, network, func(t *testing.T, address string) {
				conn := dial(t, network, address)
				conn.Write(line[:9])
				conn.Close()
				conn = dial(t, network, address)
				want := bytes.Repeat(line, 3)
				from := 0
				for _, cut := range []int{1, 63, 64, 65, 130, len(want)} {
					conn.Write(want[from:cut])
					from = cut
				}
				got := make([]byte, len(want))
				if _, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%q, %v", got, err)
				}
			})
		}
	}
}

func TestSinks(t *testing.T) {
	everyServer(t, "sink", "tcp", func(t *testing.T, address string) {
		conn := dial(t, "tcp", address)
		for _, n := range []int64{1, 1 << 20} {
			go conn.Write(append(Amount(n), make([]byte, n)...))
			got := make([]byte, 8)
			if _, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(got, Amount(n)) {
				t.Errorf("%v, %v", got, err)
			}
		}
	})
}

func TestSources(t *testing.T) {
	everyServer(t, "source", "tcp", func(t *testing.T, address string) {
		conn := dial(t, "tcp", address)
		const n = 9 << 20 // more than the kernel holds
		conn.Write(Amount(n))
		got := make([]byte, n)
		if _, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(got, bytes.Repeat(Pattern, n/len(Pattern))) {
			t.Errorf("the bytes differ: %v", err)
		}
	})
}

func TestPostRoles(t *testing.T) {
	everyServer(t, "posts", "tcp", func(t *testing.T, address string) {
		p, want := make([]byte, PostSize), make([]byte, PostSize)
		var conns []net.Conn
		for range 2 { // the second when the server knows the first
			conn := dial(t, "tcp", address)
			conn.Write(p)
			if _, err := io.ReadFull(conn, p); err != nil {
				t.Fatal(err)
			}
			conns = append(conns, conn)
		}
		conns[0].Write(Command(10))
		for i := range int64(10) {
			Post(want, i)
			if _, err := io.ReadFull(conns[i%2], p); err != nil || !bytes.Equal(p, want) {
				t.Fatalf("message %d: %v", i, err)
			}
		}
	})
}

// everyServer runs a test on every library's server of a role, in this process.
// netpoll never ends its pollers; its own package tests it. What floors leave open
// ends with their process, so nothing is looked after here.
func everyServer(t *testing.T, role, network string, test func(t *testing.T, address string)) {
	for name, library := range Libraries() {
		if library[role] == nil || name == "netpoll" {
			continue
		}
		t.Run(name+" "+role+" "+network, func(t *testing.T) {
			address := "127.0.0.1:0"
			if network == "unix" {
				address = filepath.Join(t.TempDir(), "s")
			}
			ctx, stop := context.WithCancel(context.Background())
			at, over := make(chan string, 1), make(chan error, 1)
			go func() { over <- library[role](ctx, network, address, func(address string) { at <- address }) }()
			t.Cleanup(func() {
				stop()
				if err := <-over; err != nil {
					t.Error(err)
				}
			})
			select {
			case address = <-at:
				test(t, address)
			case err := <-over:
				over <- nil
				t.Fatal("it ended before it was ready: ", err)
			}
		})
	}
}

func dial(t *testing.T, network, address string) net.Conn {
	t.Helper()
	conn, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// abandon resets a connection with an answer unread.
func abandon(t *testing.T, network, address string) {
	t.Helper()
	conn := dial(t, network, address)
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	conn.Write(make([]byte, 64))
	conn.Read(make([]byte, 1))
	conn.Close()
}
