package servers

import (
	"context"
	"io"
	"net"
	"slices"
	"sync"
)

// netPosts is a goroutine for each connection, and a mutex that keeps what it
// writes apart from what is posted.
func netPosts(ctx context.Context, network, address string, ready func(string)) error {
	b := &netBoard{}
	return netServer(b.serve)(ctx, network, address, ready)
}

type netBoard struct {
	mu    sync.Mutex
	conns []*sharedConn
}

type sharedConn struct {
	mu sync.Mutex
	net.Conn
}

func (c *sharedConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.Conn.Write(p)
}

func (b *netBoard) serve(plain net.Conn) {
	c := &sharedConn{Conn: plain}
	b.mu.Lock()
	b.conns = append(b.conns, c)
	b.mu.Unlock()
	for request := make([]byte, PostSize); ; {
		if _, err := io.ReadFull(c, request); err != nil {
			return
		}
		if n, yes := Commanded(request); yes {
			b.mu.Lock()
			go postNet(slices.Clone(b.conns), n)
			b.mu.Unlock()
		} else if _, err := c.Write(request); err != nil {
			return
		}
	}
}

func postNet(to []*sharedConn, n int64) {
	message := make([]byte, PostSize)
	for i := range n {
		Post(message, i)
		if _, err := to[i%int64(len(to))].Write(message); err != nil {
			return // the client tells
		}
	}
}
