//go:build amd64 || arm64

package servers

import (
	"context"
	"net"

	"github.com/shardloop/shardloop/bench/netpoll"
)

func netpollServers() map[string]Library {
	return map[string]Library{"netpoll": {
		"echo": listening(netpoll.Echo),
		"idle": listening(netpoll.Echo),

		"loops-1": listening(netpoll.Echo),
		"loops-2": listening(func(ctx context.Context, ln net.Listener) error { return netpoll.EchoOn(ctx, ln, 2) }),
		"loops-4": listening(func(ctx context.Context, ln net.Listener) error { return netpoll.EchoOn(ctx, ln, 4) }),

		"sink": listening(func(ctx context.Context, ln net.Listener) error {
			return netpoll.Sink(ctx, ln, func() func([]byte) []byte { return new(Intake).Take })
		}),
		"source": listening(func(ctx context.Context, ln net.Listener) error {
			return netpoll.Source(ctx, ln, func() (func([]byte), func() []byte) {
				o := &Outlet{}
				return o.Ask, o.Next
			})
		}),
	}}
}
