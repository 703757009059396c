package main

import (
	"context"

	"github.com/lesismal/nbio"
	"github.com/lesismal/nbio/logging"

	"github.com/shardloop/shardloop/bench/servers"
)

func nbioServers() servers.Library {
	echo := nbioServer(nbioEcho)
	return servers.Library{
		"echo":    echo,
		"idle":    echo,
		"posts":   nbioServer(nbioPosts),
		"sink":    nbioServer(nbioSink),
		"loops-1": echo,
		"loops-2": nbioPollers(2, nbioEcho),
		"loops-4": nbioPollers(4, nbioEcho),
	}
}

// nbioServer is an engine of one poller.
func nbioServer(handle func(*nbio.Engine)) servers.Server { return nbioPollers(1, handle) }

// nbioPollers is an engine of so many pollers, whose connections have TCP_NODELAY
// from package net, which accepts them.
func nbioPollers(pollers int, handle func(*nbio.Engine)) servers.Server {
	return func(ctx context.Context, network, address string, ready func(string)) error {
		logging.SetLevel(logging.LevelError)
		g := nbio.NewEngine(nbio.Config{Network: network, Addrs: []string{address}, NPoller: pollers})
		handle(g)
		if err := g.Start(); err != nil {
			return err
		}
		ready(g.Addrs[0])
		<-ctx.Done()
		return nil // without Stop, which never returns when it comes too early
	}
}

// nbioEcho sends back what comes in.
func nbioEcho(g *nbio.Engine) {
	g.OnData(func(c *nbio.Conn, p []byte) { _, _ = c.Write(p) }) // the client tells
}

// nbioSink reads and discards.
func nbioSink(g *nbio.Engine) {
	g.OnOpen(func(c *nbio.Conn) { c.SetSession(&servers.Intake{}) })
	g.OnData(func(c *nbio.Conn, p []byte) {
		if answer := c.Session().(*servers.Intake).Take(p); answer != nil {
			_, _ = c.Write(answer)
		}
	})
}
