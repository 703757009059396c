//go:build linux && (amd64 || arm64)

package netpoll

import (
	"context"
	"errors"
	"sync"

	"github.com/cloudwego/netpoll"

	"github.com/shardloop/shardloop/bench/loss/roles"
)

// Loss serves the roles of the loss suite, with the callbacks and the reader and
// writer of netpoll's guide.
func Loss(ctx context.Context, network, address string, ready func(string), accept func() roles.Handler) error {
	ln, err := netpoll.CreateListener(network, address)
	if err != nil {
		return err
	}
	loop, err := netpoll.NewEventLoop(lossRequest, netpoll.WithOnConnect(
		func(ctx context.Context, c netpoll.Connection) context.Context { return lossConnect(ctx, c, accept()) }))
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	release := context.AfterFunc(ctx, func() { _ = loop.Shutdown(ctx) }) // ctx has ended: it waits for nobody
	defer release()
	ready(ln.Addr().String())
	return loop.Serve(ln)
}

type lossKey struct{}

// lossConnect comes first, as OnConnect: it may write, and what it returns is the
// context of the requests.
func lossConnect(ctx context.Context, c netpoll.Connection, h roles.Handler) context.Context {
	own := &lossConn{Connection: c, handler: h}
	_ = c.AddCloseCallback(func(netpoll.Connection) error { // never fails
		h.End(own) // in vain, if it is to write
		h.Lost(own, own.end())
		return nil
	})
	h.Open(own)
	return context.WithValue(ctx, lossKey{}, own)
}

// lossRequest is OnRequest: it has to read all that is there.
func lossRequest(ctx context.Context, c netpoll.Connection) error {
	own := ctx.Value(lossKey{}).(*lossConn)
	in := c.Reader()
	p, err := in.Next(in.Len())
	if err != nil {
		return err
	}
	own.handler.Data(own, p)
	return in.Release()
}

// lossConn is the Conn of a handler. A Flush waits until all was sent, and only
// one goroutine may be in the writer.
type lossConn struct {
	netpoll.Connection
	handler roles.Handler
	lock    sync.Mutex
	failed  error
	gone    bool // the writer must not be touched any more: that panics
}

// end comes with the last callback, and returns what a write has told.
func (c *lossConn) end() error {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.gone = true
	return c.failed
}

// Write queues p without a copy, and waits until it was sent.
func (c *lossConn) Write(p []byte) error { return c.Writev([][]byte{p}) }

// Writev queues all pieces, and flushes once.
func (c *lossConn) Writev(pieces [][]byte) error {
	c.lock.Lock()
	defer c.lock.Unlock()
	err := c.send(pieces)
	if err != nil && c.failed == nil {
		c.failed = err
	}
	return err
}

func (c *lossConn) send(pieces [][]byte) error {
	if c.gone {
		return netpoll.ErrConnClosed
	}
	out := c.Connection.Writer()
	for _, p := range pieces {
		if _, err := out.WriteBinary(p); err != nil {
			return err
		}
	}
	return out.Flush()
}

// Stream writes: a Flush waits for room.
func (c *lossConn) Stream(next func() []byte) {
	for p := next(); p != nil; p = next() {
		if c.Write(p) != nil {
			return
		}
	}
}

// Post takes its turn in the writer.
func (c *lossConn) Post(p []byte) error {
	c.lock.Lock()
	defer c.lock.Unlock()
	return c.send([][]byte{p})
}

// Close closes.
func (c *lossConn) Close() { _ = c.Connection.Close() } // also a second time

// Abort closes: there is nothing nearer to a reset.
func (c *lossConn) Abort() { c.Close() }
