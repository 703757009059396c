package load

import (
	"errors"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/shardloop/shardloop/bench/servers"
)

// The client tells messages in the wrong order, and one too many.
func TestPostsChecksMessages(t *testing.T) {
	const n = 9 // 3 on each of 3 connections
	for name, c := range map[string]struct {
		number func(i int64) int64 // of the i-th message that is sent
		sent   int64
		want   error
	}{
		"all":        {func(i int64) int64 { return i }, n, nil},
		"one lost":   {func(i int64) int64 { return i + i/6*3 }, n, ErrWrong},
		"backwards":  {func(i int64) int64 { return i%3 + 6 - i/3*3 }, n, ErrWrong},
		"one more":   {func(i int64) int64 { return i }, n + 1, ErrMore},
		"wrong ones": {func(i int64) int64 { return i + 100 }, n, ErrWrong},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := NewPosts("tcp", postServer(t, c.number, c.sent), 3, 1)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			if err := p.Receive(n); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
}

// postServer sends messages to its connections in turn, those of one in a piece.
func postServer(t *testing.T, number func(int64) int64, n int64) (address string) {
	var mu sync.Mutex
	var conns []net.Conn
	return answer(t, func(conn net.Conn) {
		mu.Lock()
		conns = append(conns, conn)
		mu.Unlock()
		for p := make([]byte, servers.PostSize); ; {
			if _, err := io.ReadFull(conn, p); err != nil {
				return
			}
			if _, yes := servers.Commanded(p); !yes {
				conn.Write(p)
				continue
			}
			out := make([][]byte, len(conns))
			for i := range n {
				servers.Post(p, number(i))
				to := i % int64(len(conns))
				out[to] = append(out[to], p...)
			}
			for i, conn := range conns {
				conn.Write(out[i])
			}
		}
	})
}

// Messages across loops are for the connections of other loops than the first
// one's, and for no other.
func TestPostsAcross(t *testing.T) {
	for name, c := range map[string]struct {
		loops int
		to    func(here, loop int) bool
		want  error
	}{
		"others":   {2, func(here, loop int) bool { return loop != here }, nil},
		"its own":  {2, func(here, loop int) bool { return loop == here }, ErrWrong},
		"all":      {2, func(int, int) bool { return true }, ErrWrong},
		"one loop": {1, nil, ErrOneLoop},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := NewPosts("tcp", acrossServer(t, c.loops, c.to), 4, 1)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			if err = p.Across(); err == nil {
				err = p.Receive(6)
			}
			if !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
}

// acrossServer says that its connections are on loops in turn, and sends messages
// to those that are chosen.
func acrossServer(t *testing.T, loops int, to func(here, loop int) bool) (address string) {
	var mu sync.Mutex
	var conns []net.Conn
	return answer(t, func(conn net.Conn) {
		mu.Lock()
		here := len(conns) % loops
		conns = append(conns, conn)
		mu.Unlock()
		for p := make([]byte, servers.PostSize); ; {
			if _, err := io.ReadFull(conn, p); err != nil {
				return
			}
			n, yes := servers.Commanded(p)
			switch {
			case servers.Asked(p):
				conn.Write(servers.Number(here))
			case !yes:
				conn.Write(p)
			default:
				var chosen []net.Conn
				for i, conn := range conns {
					if to(here, i%loops) {
						chosen = append(chosen, conn)
					}
				}
				for i := range n {
					servers.Post(p, i)
					chosen[i%int64(len(chosen))].Write(p)
				}
			}
		}
	})
}
