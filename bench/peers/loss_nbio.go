package main

import (
	"context"
	"errors"
	"io"

	"github.com/lesismal/nbio"

	"github.com/shardloop/shardloop/bench/loss/roles"
	"github.com/shardloop/shardloop/bench/servers"
)

// nbioLoss is the loss suite on one poller of nbio.
func nbioLoss() servers.Library {
	return servers.LossLibrary(serveNbio, map[string]string{
		"loss-answer": "the end of input has no event but OnClose, which comes when the connection is closed",
		"loss-stream": "Write takes everything, or closes the connection at MaxWriteBufferSize; nothing says when to go on",
	})
}

func serveNbio(ctx context.Context, network, address string, ready func(string), accept func() roles.Handler) error {
	server := nbioServer(func(g *nbio.Engine) {
		g.OnOpen(func(c *nbio.Conn) {
			own := &nbioConn{conn: c, handler: accept()}
			c.SetSession(own)
			own.handler.Open(own)
		})
		g.OnData(func(c *nbio.Conn, p []byte) {
			own := c.Session().(*nbioConn)
			own.handler.Data(own, p)
		})
		g.OnClose(nbioClosed)
	})
	return server(ctx, network, address, ready)
}

// nbioClosed is OnClose, which comes for every end.
func nbioClosed(c *nbio.Conn, err error) {
	own, ok := c.Session().(*nbioConn)
	if !ok {
		return // it was refused before it opened
	}
	if errors.Is(err, io.EOF) {
		own.handler.End(own)
		err = nil
	}
	own.handler.Lost(own, err)
}

// nbioConn is the Conn of a handler. Its methods are safe for all goroutines.
type nbioConn struct {
	conn    *nbio.Conn
	handler roles.Handler
}

// Write queues what the kernel does not take.
func (c *nbioConn) Write(p []byte) error {
	_, err := c.conn.Write(p)
	return err
}

// Writev queues what the kernel does not take.
func (c *nbioConn) Writev(pieces [][]byte) error {
	_, err := c.conn.Writev(pieces)
	return err
}

// Stream writes all: nothing says when to go on.
func (c *nbioConn) Stream(next func() []byte) {
	for p := next(); p != nil; p = next() {
		if c.Write(p) != nil {
			return
		}
	}
}

// Post is Write, which any goroutine may call.
func (c *nbioConn) Post(p []byte) error { return c.Write(p) }

// Close closes.
func (c *nbioConn) Close() { _ = c.conn.Close() } // also a second time

// Abort closes with a linger time of zero.
func (c *nbioConn) Abort() {
	_ = c.conn.SetLinger(1, 0) // not on a unix socket
	c.Close()
}
