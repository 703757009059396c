package servers

import (
	"context"

	"github.com/shardloop/shardloop/bench/loss/roles"
	"github.com/shardloop/shardloop/engine"
)

// engineLoss is the loss suite on one loop of the engine, and on a group of four
// with each balance.
func engineLoss() map[string]Library {
	return map[string]Library{
		"engine":          LossLibrary(serveEngine, nil),
		"engine kernel-4": LossLibrary(serveEngines(engine.BalanceKernel), nil),
		"engine least-4":  LossLibrary(serveEngines(engine.BalanceLeast), nil),
		"engine source-4": LossLibrary(serveEngines(engine.BalanceSource), nil),
	}
}

func serveEngine(ctx context.Context, network, address string, ready func(string), accept func() roles.Handler) error {
	server := engineServer(func() engine.ProtocolFactory { return engineConns(accept) })
	return server(ctx, network, address, ready)
}

func serveEngines(b engine.Balance) roles.Serve {
	return func(ctx context.Context, network, address string, ready func(string), accept func() roles.Handler) error {
		server := engineGroup(4, b, func(*engine.Group) engine.ProtocolFactory { return engineConns(accept) })
		return server(ctx, network, address, ready)
	}
}

func engineConns(accept func() roles.Handler) engine.ProtocolFactory {
	return func() engine.Protocol { return &engineConn{handler: accept()} }
}

// engineConn is a protocol, and the Conn of its handler.
type engineConn struct {
	handler   roles.Handler
	transport engine.Transport
	next      func() []byte // of Stream
	paused    bool
}

func (c *engineConn) ConnectionMade(t engine.Transport) {
	c.transport = t
	c.handler.Open(c)
}

func (c *engineConn) DataReceived(p []byte) { c.handler.Data(c, p) }

func (c *engineConn) EOFReceived() (keepOpen bool) {
	c.handler.End(c)
	return false // the transport sends all and closes itself
}

func (c *engineConn) ConnectionLost(err error) { c.handler.Lost(c, err) }

func (c *engineConn) PauseWriting() { c.paused = true }

func (c *engineConn) ResumeWriting() {
	c.paused = false
	c.pump()
}

func (c *engineConn) Write(p []byte) error {
	_, err := c.transport.Write(p)
	return err
}

func (c *engineConn) Writev(pieces [][]byte) error {
	_, err := c.transport.Writev(pieces)
	return err
}

// Stream writes until PauseWriting, and on from ResumeWriting.
func (c *engineConn) Stream(next func() []byte) {
	c.next = next
	c.pump()
}

func (c *engineConn) pump() {
	for !c.paused && c.next != nil {
		p := c.next()
		if p == nil {
			c.next = nil
			return
		}
		if c.Write(p) != nil {
			c.next = nil // ConnectionLost tells
		}
	}
}

func (c *engineConn) Post(p []byte) error { return c.transport.Post(p) }

func (c *engineConn) Close() { c.transport.Close() }

func (c *engineConn) Abort() { c.transport.Abort() }
