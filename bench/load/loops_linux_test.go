package load

import (
	"errors"
	"io"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shardloop/shardloop/bench/servers"
)

// The loop of each connection is told, in the order of the connections, and
// requests go on as before.
func TestLoops(t *testing.T) {
	var made atomic.Int64
	address := answer(t, func(conn net.Conn) {
		loop := int(made.Add(1)-1) % 3
		for p := make([]byte, servers.QuestionSize); ; {
			if _, err := io.ReadFull(conn, p); err != nil {
				return
			}
			if servers.Asked(p) {
				copy(p, servers.Number(loop))
			}
			conn.Write(p[:1])
			conn.Write(p[1:])
		}
	})
	e, err := NewEcho("tcp", address, 64, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for range 4 { // one at a time, so that their order is the server's
		if err := e.Connect(1); err != nil {
			t.Fatal(err)
		}
	}
	loops, err := e.Loops()
	if want := []int{0, 1, 2, 0}; err != nil || !slices.Equal(loops, want) {
		t.Errorf("loops %v, %v, want %v", loops, err, want)
	}
	if err := e.Exchange(20); err != nil {
		t.Error(err)
	}
	r, err := NewRate("tcp", address, 1, time.Microsecond, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if loops, err := r.Loops(); err != nil || !slices.Equal(loops, []int{1}) {
		t.Errorf("loops %v, %v, want 1", loops, err)
	}
	if err := r.Run(0, 20, func() error { return nil }, func(int, time.Duration) {}); err != nil {
		t.Error(err)
	}
}

func TestLoopsChecksAnswers(t *testing.T) {
	number := servers.Number(1)
	for name, c := range map[string]struct {
		answer []byte
		want   error
	}{
		"echo":      {servers.Question(), ErrWrong},
		"last byte": {append(number[:63:63], 0), ErrWrong},
		"too much":  {append(number[:64:64], 0xff), ErrWrong},
		"end":       {number[:63], ErrEnd},
	} {
		address := answer(t, func(conn net.Conn) {
			p := make([]byte, servers.QuestionSize)
			io.ReadFull(conn, p)
			conn.Write(p)
			io.ReadFull(conn, p)
			conn.Write(c.answer)
		})
		e, err := NewEcho("tcp", address, 64, 1)
		if err == nil {
			err = e.Connect(1)
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Loops(); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}
