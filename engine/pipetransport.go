package engine

import (
	"fmt"
	"net"

	"github.com/shardloop/shardloop/engine/internal/stream"
)

// pipe is the transport of a pipe: a connection without a socket, which is told of
// the stream's events in the connection's place. It is a type of its own so that
// connections, of which there are many, do not pay for what it has besides.
type pipe struct {
	connection
	end pipeEnd
}

// pipeEnd is what a pipe has that a connection has not.
type pipeEnd struct {
	kind stream.Kind
	view *TransportPipe
}

// pipe is the pipe that the connection is part of, or nil.
func (c *connection) pipe() *pipe {
	p, _ := c.Owner().(*pipe)
	return p
}

// transport is what a protocol gets to see of the connection.
func (c *connection) transport() Transport {
	if p := c.pipe(); p != nil {
		return p
	}
	return c
}

func (p *pipe) reads() bool { return p.end.kind == stream.ReadPipe || p.end.kind == stream.ReadDevice }

// CanWriteEOF implements Transport.
func (p *pipe) CanWriteEOF() bool { return !p.reads() }

// WriteEOF implements Transport.
func (p *pipe) WriteEOF() error {
	if p.reads() {
		return stream.ErrReadOnly
	}
	return p.connection.WriteEOF()
}

// ExtraInfo implements Transport.
func (p *pipe) ExtraInfo(key string) any {
	if key == "pipe" {
		return p.end.view
	}
	return nil
}

// String shows the direction, the name, the descriptor and the state.
func (p *pipe) String() string {
	direction := "WritePipe"
	if p.reads() {
		direction = "ReadPipe"
	}
	return fmt.Sprintf("<%s %s fd=%d %s>", direction, p.end.view.Name(), p.Fd(), p.condition())
}

// pipeName is the name of a pipe where package net has an address.
type pipeName string

// Network is no network of package net.
func (pipeName) Network() string { return "pipe" }

// String is the name.
func (n pipeName) String() string { return string(n) }

// pipeError is a failed operation on a pipe.
func pipeError(op, name string, err error) error {
	return &net.OpError{Op: op, Net: "pipe", Addr: pipeName(name), Err: err}
}
