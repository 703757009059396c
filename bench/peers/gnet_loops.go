package main

import (
	"context"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/panjf2000/gnet/v2"

	"github.com/shardloop/shardloop/bench/servers"
)

// gnetLoops is engines of several loops, in turn unless something else is said.
func gnetLoops() servers.Library {
	echo := func() gnet.EventHandler { return &gnetPlaced{} }
	least := gnet.WithLoadBalancing(gnet.LeastConnections)
	return servers.Library{
		"loops-1":   gnetServer(echo),
		"loops-2":   gnetServer(echo, gnet.WithNumEventLoop(2)),
		"loops-4":   gnetServer(echo, gnet.WithNumEventLoop(4)),
		"kernel-4":  onOnePort(gnetServer(echo, gnet.WithNumEventLoop(4), gnet.WithReusePort(true))),
		"least-4":   gnetServer(echo, gnet.WithNumEventLoop(4), least),
		"stalled-4": gnetServer(func() gnet.EventHandler { return &gnetStalled{} }, gnet.WithNumEventLoop(4), least),
		"across-2":  gnetServer(func() gnet.EventHandler { return &gnetAcross{} }, gnet.WithNumEventLoop(2)), // least counts late
	}
}

// onOnePort chooses a port beforehand, because each loop would get another one.
func onOnePort(serve servers.Server) servers.Server {
	return func(ctx context.Context, network, address string, ready func(string)) error {
		ln, err := net.Listen(network, address)
		if err != nil {
			return err
		}
		if err := ln.Close(); err != nil {
			return err
		}
		return serve(ctx, network, ln.Addr().String(), ready)
	}
}

// gnetPlaced is an echo that tells where its connections are: loops have numbers in
// the order in which they get their first one.
type gnetPlaced struct {
	gnetEcho
	mu    sync.Mutex
	loops []gnet.EventLoop // guarded by mu
}

// number is that of a connection's loop, and whether the loop has just got it.
func (h *gnetPlaced) number(c gnet.Conn) (number int, fresh bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	number = slices.Index(h.loops, c.EventLoop())
	if number < 0 {
		number, fresh = len(h.loops), true
		h.loops = append(h.loops, c.EventLoop())
	}
	return number, fresh
}

// OnTraffic looks for questions.
func (h *gnetPlaced) OnTraffic(c gnet.Conn) gnet.Action {
	if p, _ := c.Peek(-1); servers.Asked(p) {
		_, _ = c.Discard(len(p)) // it is there
		number, _ := h.number(c)
		_, _ = c.Write(servers.Number(number)) // the client tells
		return gnet.None
	}
	return h.gnetEcho.OnTraffic(c)
}

// gnetStalled holds one loop up again and again.
type gnetStalled struct{ gnetPlaced }

// OnOpen begins that on the first connection of the loop.
func (h *gnetStalled) OnOpen(c gnet.Conn) ([]byte, gnet.Action) {
	if number, fresh := h.number(c); fresh && number == servers.StalledLoop {
		go gnetStall(c.EventLoop())
	}
	return nil, gnet.None
}

func gnetStall(l gnet.EventLoop) {
	stall := gnet.RunnableFunc(func(context.Context) error { time.Sleep(servers.StallTime); return nil })
	for range time.Tick(servers.StallEvery) {
		if l.Execute(context.Background(), stall) != nil {
			return // the engine is over
		}
	}
}

// gnetAcross is loops that write to connections of each other.
type gnetAcross struct {
	gnetPlaced
	conns []gnet.Conn // guarded by mu
}

// OnOpen notes the connection.
func (h *gnetAcross) OnOpen(c gnet.Conn) ([]byte, gnet.Action) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.conns = append(h.conns, c)
	return nil, gnet.None
}

// OnTraffic looks for commands, and does what they say on its own loop.
func (h *gnetAcross) OnTraffic(c gnet.Conn) gnet.Action {
	p, _ := c.Peek(-1)
	n, yes := servers.Commanded(p)
	if !yes || servers.Asked(p) {
		return h.gnetPlaced.OnTraffic(c)
	}
	_, _ = c.Discard(len(p)) // it is there
	if to := h.elsewhere(c.EventLoop()); len(to) > 0 {
		gnetPost(to, n)
	}
	return gnet.None
}

// elsewhere is the connections of other loops.
func (h *gnetAcross) elsewhere(here gnet.EventLoop) []gnet.Conn {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(h.conns), func(c gnet.Conn) bool { return c.EventLoop() == here })
}
