package loss

import (
	"context"
	"io"
	"net"
	"os"

	"github.com/shardloop/shardloop/bench/loss/roles"
	"github.com/shardloop/shardloop/bench/servers"
)

// lossy is a library on package net with one thing wrong.
type lossy struct {
	write func(c net.Conn, p []byte) error
	data  func(p []byte) []byte // what the handler gets of p
	quiet bool                  // it never tells of an error
	stays bool                  // Abort does nothing
	lasts bool                  // it does not end when it should
	// refused says whether to go on when it cannot accept, with all connections.
	refused func(ctx context.Context, all []net.Conn) bool
}

func lossyLibraries() map[string]servers.Library {
	list := map[string]lossy{
		"halves": {write: func(c net.Conn, p []byte) error { return put(c, p[:len(p)/2]) }},
		"doubles": {write: func(c net.Conn, p []byte) error {
			_ = put(c, p) // the second tells
			return put(c, p[:min(len(p), 100)])
		}},
		"garbles": {write: func(c net.Conn, p []byte) error {
			return put(c, append(p[:len(p)-1:len(p)-1], p[len(p)-1]^1))
		}},
		"skips": {write: func(c net.Conn, p []byte) error { return put(c, p[len(p)/2:]) }},
		"exits": {write: func(net.Conn, []byte) error { os.Exit(3); return nil }},
		"mute":  {write: func(net.Conn, []byte) error { return nil }},
		"deaf":  {data: func(p []byte) []byte { return p[1:] }},
		"quiet": {quiet: true},
		"stays": {stays: true},
		"lasts": {lasts: true},
		"loud":  {},
		"angry": {refused: hangUpAll},
		"hurt": {refused: func(ctx context.Context, _ []net.Conn) bool {
			<-ctx.Done()
			return false
		}},
	}
	all := map[string]servers.Library{}
	for name, l := range list {
		all[name] = servers.LossLibrary(l.serve, nil)
	}
	all["modest"] = servers.LossLibrary(list["mute"].serve, map[string]string{"loss-reply": "it is too small"})
	return all
}

// hangUpAll makes room at the expense of everybody.
func hangUpAll(_ context.Context, all []net.Conn) bool {
	for _, c := range all {
		_ = c.Close()
	}
	return true
}

func put(c net.Conn, p []byte) error {
	_, err := c.Write(p)
	return err
}

// serve ends when it cannot accept, unless refused says something else.
func (l lossy) serve(ctx context.Context, network, address string, ready func(string), accept func() roles.Handler) error {
	ln, err := net.Listen(network, address)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = ln.Close() })()
	ready(ln.Addr().String())
	if l.lasts {
		ctx = context.WithoutCancel(ctx)
		defer func() { <-ctx.Done() }()
	}
	var all []net.Conn
	for {
		c, err := ln.Accept()
		if err != nil {
			if l.refused != nil && ctx.Err() == nil && l.refused(ctx, all) {
				continue
			}
			return nil
		}
		all = append(all, c)
		go l.read(&lossyConn{Conn: c, lossy: l}, accept())
	}
}

func (l lossy) read(c *lossyConn, h roles.Handler) {
	h.Open(c)
	buf := make([]byte, 64<<10)
	for {
		n, err := c.Conn.Read(buf)
		if p := buf[:n]; n > 0 {
			if l.data != nil {
				p = l.data(p)
			}
			h.Data(c, p)
		}
		if err != nil {
			c.finish(h, err)
			return
		}
	}
}

type lossyConn struct {
	net.Conn
	lossy
	failed error
}

func (c *lossyConn) finish(h roles.Handler, err error) {
	if err == io.EOF {
		h.End(c)
		err = c.failed
	}
	c.Close()
	if c.quiet {
		err = nil
	}
	h.Lost(c, err)
}

func (c *lossyConn) Write(p []byte) error {
	write := put
	if c.write != nil {
		write = c.write
	}
	err := write(c.Conn, p)
	if c.failed == nil {
		c.failed = err
	}
	if c.quiet {
		return nil
	}
	return err
}

func (c *lossyConn) Writev(pieces [][]byte) error {
	for _, p := range pieces {
		if err := c.Write(p); err != nil {
			return err
		}
	}
	return nil
}

func (c *lossyConn) Stream(next func() []byte) {
	for p := next(); p != nil; p = next() {
		_ = c.Write(p) // finish tells
	}
}

func (c *lossyConn) Post(p []byte) error { return c.Write(p) }
func (c *lossyConn) Close()              { _ = c.Conn.Close() }

func (c *lossyConn) Abort() {
	if !c.stays {
		slam(c.Conn)
	}
}
