//go:build linux && (amd64 || arm64)

package netpoll

import (
	"context"
	"net"

	"github.com/cloudwego/netpoll"
)

// keyState finds what belongs to a connection.
type keyState struct{}

// Sink hands what comes in to a function of each connection, and sends what that
// returns.
func Sink(ctx context.Context, ln net.Listener, intake func() func([]byte) []byte) error {
	return serve(ctx, ln, func(ctx context.Context, c netpoll.Connection) error {
		in := c.Reader()
		p, err := in.Next(in.Len())
		if err != nil {
			return err
		}
		if reply := ctx.Value(keyState{}).(func([]byte) []byte)(p); reply != nil {
			err = send(c.Writer(), reply)
		}
		if err != nil {
			return err
		}
		return in.Release()
	}, begin(func() any { return intake() }))
}

// Source sends what next has when something came in, which ask is told.
func Source(ctx context.Context, ln net.Listener, outlet func() (ask func([]byte), next func() []byte)) error {
	type state struct {
		ask  func([]byte)
		next func() []byte
	}
	return serve(ctx, ln, func(ctx context.Context, c netpoll.Connection) error {
		s, in := ctx.Value(keyState{}).(*state), c.Reader()
		p, err := in.Next(in.Len())
		if err != nil {
			return err
		}
		s.ask(p)
		for p := s.next(); len(p) > 0; p = s.next() {
			if err := send(c.Writer(), p); err != nil {
				return err
			}
		}
		return in.Release()
	}, begin(func() any {
		ask, next := outlet()
		return &state{ask, next}
	}))
}

// begin gives each connection a state.
func begin(state func() any) netpoll.Option {
	return netpoll.WithOnConnect(func(ctx context.Context, _ netpoll.Connection) context.Context {
		return context.WithValue(ctx, keyState{}, state())
	})
}
