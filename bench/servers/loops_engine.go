package servers

import (
	"context"
	"errors"
	"net"
	"slices"
	"time"

	"github.com/shardloop/shardloop/engine"
)

func engineGroups() map[string]Library {
	return map[string]Library{"engine": {
		"loops-1":   engineGroup(1, engine.BalanceKernel, newPlaced),
		"loops-2":   engineGroup(2, engine.BalanceKernel, newPlaced),
		"loops-4":   engineGroup(4, engine.BalanceKernel, newPlaced),
		"kernel-4":  engineGroup(4, engine.BalanceKernel, newPlaced),
		"least-4":   engineGroup(4, engine.BalanceLeast, newPlaced),
		"stalled-4": engineGroup(4, engine.BalanceLeast, newStalled),
		"across-2":  engineGroup(2, engine.BalanceLeast, newAcross),
	}}
}

// engineGroup is n loops with one server, and a new factory for it.
func engineGroup(n int, balance engine.Balance, factory func(*engine.Group) engine.ProtocolFactory) Server {
	return func(ctx context.Context, network, address string, ready func(string)) error {
		g, err := engine.NewGroup(n, engine.Config{})
		if err == nil {
			err = g.Start()
		}
		if err != nil {
			return err
		}
		countCalls(g.Loops()...)
		s, err := groupListen(ctx, g, network, address, factory(g), balance)
		if err == nil {
			err = serveGroup(ctx, s, ready)
		}
		if _, end := g.Shutdown(ctx); !errors.Is(end, context.Canceled) { // which is the contract's end
			err = errors.Join(err, end)
		}
		return err
	}
}

func groupListen(ctx context.Context, g *engine.Group, network, address string, f engine.ProtocolFactory, b engine.Balance) (*engine.GroupServer, error) {
	if network == "unix" {
		o := engine.UnixServerOptions{Path: address}
		return g.CreateUnixServer(ctx, f, engine.GroupUnixServerOptions{Balance: b, UnixServerOptions: o})
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	o := engine.ServerOptions{Host: host, Port: port}
	return g.CreateServer(ctx, f, engine.GroupServerOptions{Balance: b, ServerOptions: o})
}

// serveGroup serves until ctx ends.
func serveGroup(ctx context.Context, s *engine.GroupServer, ready func(string)) error {
	at, err := s.Sockets()[0].LocalAddr()
	if err != nil {
		return err
	}
	ready(at.String())
	<-ctx.Done()
	return nil
}

// placed is a connection of a group that tells where it is.
type placed struct {
	pong
	group *engine.Group
}

func newPlaced(g *engine.Group) engine.ProtocolFactory {
	return func() engine.Protocol { return &placed{group: g} }
}

func newStalled(g *engine.Group) engine.ProtocolFactory {
	stall(g.Loops()[StalledLoop])
	return newPlaced(g)
}

func (p *placed) DataReceived(b []byte) {
	if Asked(b) {
		b = Number(slices.Index(p.group.Loops(), p.transport.Loop()))
	}
	p.pong.DataReceived(b)
}

// stall holds a loop up again and again.
func stall(l *engine.Loop) {
	_ = l.CallSoonThreadsafeArg(func(any) { // a loop that does not run tells by its server
		time.Sleep(StallTime)
		l.CallLater(StallEvery-StallTime, func() { stall(l) })
	}, nil)
}
