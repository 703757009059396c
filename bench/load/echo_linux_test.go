package load

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"

	"github.com/shardloop/shardloop/bench/servers"
	"github.com/shardloop/shardloop/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }

// The client tells an answer that differs in one byte, and one that does not
// come, or comes twice.
func TestEchoChecksAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(nth int, p, last []byte) []byte
		want  error
	}{
		"faithful":   {func(_ int, p, _ []byte) []byte { return p }, nil},
		"first byte": {func(_ int, p, _ []byte) []byte { p[0]++; return p }, ErrWrong},
		"last byte":  {func(_ int, p, _ []byte) []byte { p[len(p)-1]++; return p }, ErrWrong},
		"later on":   {func(n int, p, _ []byte) []byte { p[9] += byte(n / 15); return p }, ErrWrong},
		"old answer": {func(_ int, _, last []byte) []byte { return last }, ErrWrong},
		"end":        {func(int, []byte, []byte) []byte { return nil }, ErrEnd},
	} {
		t.Run(name, func(t *testing.T) {
			if err := exchange(t, startEcho(t, c.spoil), 3, 64, 50); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
}

// A byte too many is missed when all requests are through, and breaks the next
// answer before.
func TestEchoTellsALateByte(t *testing.T) {
	for n, want := range map[int64]error{50: ErrMore, 51: ErrWrong} {
		address := startEcho(t, func(nth int, p, _ []byte) []byte {
			if nth == 50 {
				p = append(p, 0)
			}
			return p
		})
		if err := exchange(t, address, 1, 64, n); !errors.Is(err, want) {
			t.Errorf("%d requests: %v, want %v", n, err, want)
		}
	}
}

// An answer may come in pieces.
func TestEchoTakesPieces(t *testing.T) {
	faithful := func(_ int, p, _ []byte) []byte { return p }
	if err := exchange(t, startEcho(t, faithful, 1, 20), 3, 64, 50); err != nil {
		t.Error(err)
	}
}

// A request that does not fit into the sockets goes out as it is read.
func TestEchoSendsLargeRequests(t *testing.T) {
	ln := listen(t)
	go func() {
		conn, err := ln.Accept()
		if err == nil {
			io.Copy(struct{ io.Writer }{conn}, struct{ io.Reader }{conn})
			conn.Close()
		}
	}()
	if err := exchange(t, ln.Addr().String(), 1, 16<<20, 2); err != nil {
		t.Error(err)
	}
}

// A connection that is served on after its end is missed at the latest when all
// requests are through.
func TestEchoMissesIdleConnections(t *testing.T) {
	address := startEcho(t, func(n int, p, _ []byte) []byte {
		if n > 0 {
			return nil
		}
		return p
	})
	if err := exchange(t, address, 2, 64, 0); err != nil {
		t.Errorf("connections that had one answer: %v", err)
	}
}

// exchange makes connections, with one request each, and n requests on them.
func exchange(t *testing.T, address string, connections, size int, n int64) (err error) {
	t.Helper()
	e, err := NewEcho("tcp", address, size, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}()
	return errors.Join(e.Connect(connections), e.Exchange(n))
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln
}

// startEcho serves until the test ends. Each connection's answers are what spoil
// makes of the requests of 64 bytes, cut at the given places; none ends the
// connection.
func startEcho(t *testing.T, spoil func(nth int, p, last []byte) []byte, cuts ...int) (address string) {
	t.Helper()
	ln := listen(t)
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go answerSpoilt(conn, spoil, cuts)
		}
	}()
	return ln.Addr().String()
}

func answerSpoilt(conn net.Conn, spoil func(int, []byte, []byte) []byte, cuts []int) {
	defer conn.Close()
	p, last := make([]byte, 64, 80), make([]byte, 64)
	for n := 0; ; n++ {
		if _, err := io.ReadFull(conn, p); err != nil {
			return
		}
		answer, from := spoil(n, p, last), 0
		if answer == nil {
			return
		}
		for _, cut := range append(cuts, len(answer)) {
			conn.Write(answer[from:cut])
			from = cut
		}
		copy(last, p)
	}
}

// Connections are made in batches, and as many as were asked for.
func TestEchoConnects(t *testing.T) {
	var accepted atomic.Int64
	address := answer(t, func(conn net.Conn) {
		accepted.Add(1)
		io.Copy(struct{ io.Writer }{conn}, struct{ io.Reader }{conn})
	})
	const n = 2*connectBatch + 3
	if err := exchange(t, address, n, 64, n); err != nil || accepted.Load() != n {
		t.Errorf("%d connections of %d: %v", accepted.Load(), n, err)
	}
}

// No request is taken for a command.
func TestRequestsAreNoCommands(t *testing.T) {
	p, last := make([]byte, servers.PostSize), make([]byte, servers.PostSize)
	s := newStock(len(p), 1)
	for range 100 {
		s.fill(p)
		if p[0] >= 0x80 || bytes.Equal(p, last) {
			t.Fatalf("%v after %v", p, last)
		}
		copy(last, p)
	}
}

// Lines are whole, and as long as they should be.
func TestStockOfLines(t *testing.T) {
	e := &Echo{stock: newStock(1024, 1)}
	e.Lines(64)
	last, p := make([]byte, 1024), make([]byte, 1024)
	for range 1000 {
		e.stock.fill(p)
		for i, c := range p {
			if (c == '\n') != (i%64 == 63) {
				t.Fatalf("byte %d is %q", i, c)
			}
		}
		if p[0] >= 0x80 || bytes.Equal(p, last) {
			t.Fatalf("%q after %q", p, last)
		}
		copy(last, p)
	}
}
