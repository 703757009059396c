package bench

import (
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/shardloop/shardloop/bench/servers"
)

// The fullest loop is compared with the mean, of loops without connections too.
func TestSpreadOver(t *testing.T) {
	for _, c := range []struct {
		loops int
		on    []int
		want  float64
	}{
		{1, []int{0, 0}, 1},
		{2, []int{0, 1, 1, 0}, 1},
		{2, []int{1, 1, 1, 0}, 1.5},
		{4, []int{2, 2, 2}, 4},
	} {
		if got, err := spreadOver(c.loops, c.on); err != nil || got != c.want {
			t.Errorf("%v on %d loops: %v, %v, want %v", c.on, c.loops, got, err, c.want)
		}
	}
	if _, err := spreadOver(4, []int{0, 4}); !errors.Is(err, errNoLoop) {
		t.Errorf("a loop that is not there: %v", err)
	}
}

// All connections are asked while all are open.
func TestSpreadAsksEach(t *testing.T) {
	open := make(chan int, 100)
	address := placedServer(t, func(nth int) int { open <- nth; return min(nth%4, 1) }, 1)
	m, err := driveSpread(Task{Spec{Params: Params{"connections": 8, "loops": 2, "size": 64}}}, &served{network: "tcp", address: address})
	if err != nil || m["spread"] != 1.5 || len(open) != 8 {
		t.Errorf("%v, %v with %d connections, want 1.5", m, err, len(open))
	}
}

// The others are the connections of loops that are not held up: here those that are
// answered when the last request is there.
func TestStalledTellsTheOthersApart(t *testing.T) {
	const each, connections, interval = 5, 8, time.Millisecond
	address := placedServer(t, func(nth int) int { return (nth%4 + 1) / 4 }, each) // one of four is not on the loop
	params := Params{"connections": connections, "interval_ns": int64(interval), "requests": each * connections, "warmup": 0}
	m, err := driveStalled(Task{Spec{Params: params}}, &served{network: "tcp", address: address})
	first := float64((each - 1) * connections * interval / time.Microsecond) // the latency of a connection's first request
	if err != nil || m["others-p50"] < first/2 || m["others-p99"] < first || m["p99"] < first {
		t.Errorf("%v, %v, but the first requests of the others took %v us", m, err, first)
	}
}

// placedServer sends back what comes in, and tells which loop it says the nth
// connection is on. On other loops than the first one it answers some requests
// together.
func placedServer(t *testing.T, on func(nth int) int, together int) (address string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var conns sync.WaitGroup
	t.Cleanup(func() {
		ln.Close()
		conns.Wait()
	})
	conns.Go(func() {
		for nth := 0; ; nth++ {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			loop := on(nth)
			conns.Go(func() {
				defer conn.Close()
				placed(conn, loop, together)
			})
		}
	})
	return ln.Addr().String()
}

func placed(conn net.Conn, loop, together int) {
	p := make([]byte, servers.QuestionSize)
	for size := len(p); ; {
		if _, err := io.ReadFull(conn, p[:size]); err != nil {
			return
		}
		if servers.Asked(p) {
			copy(p, servers.Number(loop))
		}
		if _, err := conn.Write(p[:size]); err != nil {
			return
		}
		if loop != servers.StalledLoop {
			size = together * servers.QuestionSize
			p = make([]byte, size)
		}
	}
}
