package main

import (
	"context"
	"errors"
	"io"

	"github.com/panjf2000/gnet/v2"

	"github.com/shardloop/shardloop/bench/loss/roles"
	"github.com/shardloop/shardloop/bench/servers"
)

// gnetLoss is the loss suite on one loop of gnet.
func gnetLoss() servers.Library {
	return servers.LossLibrary(serveGnet, map[string]string{
		"loss-answer": "the end of input has no event but OnClose, and closes the connection",
		"loss-stream": "Write takes everything; OutboundBuffered tells how much waits, but nothing tells when it has gone",
	})
}

func serveGnet(ctx context.Context, network, address string, ready func(string), accept func() roles.Handler) error {
	server := gnetServer(func() gnet.EventHandler { return &gnetHandler{accept: accept} })
	return server(ctx, network, address, ready)
}

// gnetHandler gives the events of a connection to its role.
type gnetHandler struct {
	gnet.BuiltinEventEngine
	accept func() roles.Handler
}

// OnOpen sends what was written by its result, as its documentation has it.
func (h *gnetHandler) OnOpen(c gnet.Conn) ([]byte, gnet.Action) {
	own := &gnetConn{conn: c, handler: h.accept(), opening: true}
	c.SetContext(own)
	own.handler.Open(own)
	own.opening = false
	return own.out, own.action
}

// OnTraffic reads all that is there.
func (h *gnetHandler) OnTraffic(c gnet.Conn) gnet.Action {
	own := c.Context().(*gnetConn)
	p, err := c.Next(-1)
	if err != nil {
		return gnet.Close
	}
	if len(p) > 0 {
		own.handler.Data(own, p)
	}
	return own.action
}

// OnClose is the end; the last known error of a peer that has closed is EOF. The
// socket is still there, and takes what it has room for.
func (h *gnetHandler) OnClose(c gnet.Conn, err error) gnet.Action {
	own := c.Context().(*gnetConn)
	if errors.Is(err, io.EOF) {
		own.handler.End(own)
		err = nil
	}
	own.handler.Lost(own, err)
	return gnet.None
}

// gnetConn is the Conn of a handler.
type gnetConn struct {
	conn    gnet.Conn
	handler roles.Handler
	action  gnet.Action // what the callback returns
	out     []byte
	opening bool
}

// Write queues what the kernel does not take.
func (c *gnetConn) Write(p []byte) error {
	if c.opening {
		c.out = append(c.out, p...)
		return nil
	}
	_, err := c.conn.Write(p)
	return err
}

// Writev queues what the kernel does not take.
func (c *gnetConn) Writev(pieces [][]byte) error {
	_, err := c.conn.Writev(pieces)
	return err
}

// Stream writes all: nothing says when to go on.
func (c *gnetConn) Stream(next func() []byte) {
	for p := next(); p != nil; p = next() {
		if c.Write(p) != nil {
			return
		}
	}
}

// Post is AsyncWrite, the write for other goroutines.
func (c *gnetConn) Post(p []byte) error { return c.conn.AsyncWrite(p, nil) }

// Close is the action Close.
func (c *gnetConn) Close() { c.action = gnet.Close }

// Abort is the action Close with a linger time of zero.
func (c *gnetConn) Abort() {
	_ = c.conn.SetLinger(0) // not on a unix socket
	c.Close()
}
