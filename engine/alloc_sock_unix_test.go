//go:build unix && !race

package engine_test

import (
	"context"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// TestAllocationsOfSockCalls: what can be done at once allocates nothing, and neither
// does a wait; SockRecv makes its result.
func TestAllocationsOfSockCalls(t *testing.T) {
	t.Setenv("SHARDLOOPDEBUG", "")
	a, b := streams(t)
	u, v, atU, _ := datagrams(t)
	buf, one := make([]byte, 8), []byte("x")
	l := newLoop(t)
	send := func(ctx context.Context) { _, err := l.SockSendall(ctx, a, one); must(t, err) }
	into := func(ctx context.Context) { _, err := l.SockRecvInto(ctx, b, buf); must(t, err) }
	runTask(t, l, func(ctx context.Context) {
		for _, c := range []struct {
			name string
			want float64
			once func()
		}{
			{"SockRecvInto", 0, func() { send(ctx); into(ctx) }},
			{"SockRecv", 1, func() { send(ctx); _, err := l.SockRecv(ctx, b, 8); must(t, err) }},
			{"SockRecvfromInto", 0, func() {
				_, err := l.SockSendto(ctx, v, one, atU)
				must(t, err)
				_, _, err = l.SockRecvfromInto(ctx, u, buf, 0)
				must(t, err)
			}},
			{"a wait", 0, func() { must(t, l.CallSoonArg(sendFrom, a)); into(ctx) }},
		} {
			for range 100 {
				c.once()
			}
			if got := testing.AllocsPerRun(300, c.once); got != c.want {
				t.Errorf("%s: %v allocations, want %v", c.name, got, c.want)
			}
		}
	})
}

var ball = []byte("x")

// sendFrom puts a byte into a socket, past the loop.
func sendFrom(s any) { _, _ = syscall.Write(s.(*engine.Socket).Fd(), ball) }
