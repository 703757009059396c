package servers

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/shardloop/shardloop/bench/loss/roles"
)

// netLoss is the loss suite on a goroutine for each connection.
func netLoss() Library { return LossLibrary(serveNet, nil) }

func serveNet(ctx context.Context, network, address string, ready func(string), accept func() roles.Handler) error {
	ln, err := net.Listen(network, address)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = ln.Close() })()
	ready(ln.Addr().String())
	var pause time.Duration
	for {
		c, err := ln.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return nil
		case err != nil && passes(err):
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			wait(ctx, pause)
		case err != nil:
			return err
		default:
			pause = 0
			go (&netConn{Conn: c, handler: accept()}).serve()
		}
	}
}

// passes tells whether Accept may be called again, as net/http's Serve decides.
func passes(err error) bool {
	var t interface{ Temporary() bool }
	return errors.As(err, &t) && t.Temporary()
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// netConn is the Conn of a handler.
type netConn struct {
	net.Conn
	handler roles.Handler
	lock    sync.Mutex
	failed  error // the first failure of a write
}

// serve reads to the end of input, then closes.
func (c *netConn) serve() {
	c.handler.Open(c)
	buf := make([]byte, 64<<10)
	for {
		n, err := c.Conn.Read(buf)
		if n > 0 {
			c.handler.Data(c, buf[:n])
		}
		if err == nil {
			continue
		}
		if err == io.EOF {
			c.handler.End(c)
		}
		c.Close()
		c.handler.Lost(c, c.reason(err))
		return
	}
}

// reason is what a write or the read has told, but for the ends that are none.
func (c *netConn) reason(err error) error {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.failed != nil {
		return c.failed
	}
	if err == io.EOF || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func (c *netConn) Write(p []byte) error {
	_, err := c.Conn.Write(p)
	return c.note(err)
}

func (c *netConn) Writev(pieces [][]byte) error {
	list := net.Buffers(pieces)
	_, err := list.WriteTo(c.Conn)
	return c.note(err)
}

func (c *netConn) note(err error) error {
	c.lock.Lock()
	defer c.lock.Unlock()
	if err != nil && c.failed == nil {
		c.failed = err
	}
	return err
}

// Stream writes: a write waits for room.
func (c *netConn) Stream(next func() []byte) {
	for p := next(); p != nil; p = next() {
		if c.Write(p) != nil {
			return
		}
	}
}

func (c *netConn) Post(p []byte) error {
	_, err := c.Conn.Write(p)
	return err
}

func (c *netConn) Close() { _ = c.Conn.Close() } // also a second time

func (c *netConn) Abort() {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // fails when it is closed
	}
	c.Close()
}
