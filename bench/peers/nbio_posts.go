package main

import (
	"slices"
	"sync"

	"github.com/lesismal/nbio"

	"github.com/shardloop/shardloop/bench/servers"
)

// nbioPosts is an echo whose connections are posted to by Write, which any
// goroutine may call.
func nbioPosts(g *nbio.Engine) {
	var mu sync.Mutex
	var conns []*nbio.Conn
	g.OnOpen(func(c *nbio.Conn) {
		mu.Lock()
		defer mu.Unlock()
		conns = append(conns, c)
	})
	g.OnData(func(c *nbio.Conn, p []byte) {
		n, yes := servers.Commanded(p)
		if !yes {
			_, _ = c.Write(p) // the client tells
			return
		}
		mu.Lock()
		defer mu.Unlock()
		go nbioPost(slices.Clone(conns), n)
	})
}

func nbioPost(to []*nbio.Conn, n int64) {
	message := make([]byte, servers.PostSize)
	for i := range n {
		servers.Post(message, i)
		if _, err := to[i%int64(len(to))].Write(message); err != nil {
			return // the client tells
		}
	}
}
