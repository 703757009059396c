package engine

import (
	"context"
	"fmt"
	"math"
	"net"

	"github.com/shardloop/shardloop/buffers"
	"github.com/shardloop/shardloop/engine/internal/sock"
	"github.com/shardloop/shardloop/engine/internal/stream"
)

// Of a transport's write buffer.
const (
	defaultHigh = stream.DefaultHigh
	maxMark     = math.MaxInt32
)

// connection is the transport of a stream socket: a stream, and the user's
// protocol as the owner of its events. It is one object, so that an idle
// connection costs one allocation and owns no buffer.
type connection struct {
	stream.Stream
	loop     *Loop
	ctx      context.Context // of whoever made the server or the connection
	protocol Protocol
	flow     FlowController   // the protocol, if it is one
	buffer   BufferedProtocol // the protocol, if it is one
	server   *Server          // that accepted it; nil for others
	family   int
	peer     sock.Addr        // none where the kernel has not told
	view     *TransportSocket // nil before somebody asks
	place    int32            // among the server's
	late     int32            // writes after the end
}

// shard is what the loop's streams share, made with the first of them.
func (l *Loop) shard() *stream.Shard {
	if l.streams == nil {
		l.streams = stream.NewShard(l.r, buffers.NewPool(0), stream.Config{
			Linger:   l.linger,
			Failed:   streamFailed,
			Panic:    func(s *stream.Stream, during string, v any) { streamFailed(s, during, panicError(v)) },
			Describe: func(s *stream.Stream, e *net.OpError) { s.Owner().(*connection).describe(e) },
		})
	}
	return l.streams
}

// endpoint is a connected socket on its way to its transport.
type endpoint struct {
	fd     int
	family int
	peer   sock.Addr
}

// newConnection makes the transport of a socket, which it owns from now on. The
// protocol learns of it in the next turn, and reads from then on; then ready is
// called, unless it is nil.
func (l *Loop) newConnection(e endpoint, p Protocol, ctx context.Context, ready func()) *connection {
	c := &connection{loop: l, ctx: ctx, family: e.family, peer: e.peer}
	if e.family != AFUnix {
		_ = sock.Set(e.fd, sock.NoDelay, true) // else only slower
	}
	c.Init(l.shard(), e.fd, true, c)
	c.SetProtocol(p)
	_ = l.r.Soon(connectionMade, c) // the loop runs
	_ = l.r.Soon(connectionStart, c)
	if ready != nil {
		_ = l.r.Soon(func(any) { ready() }, nil)
	}
	return c
}

func connectionMade(arg any) {
	c := arg.(*connection)
	c.in()
	c.Made(func() { c.protocol.ConnectionMade(c) })
	c.out()
}

func connectionStart(arg any) { _ = arg.(*connection).Start() } // its failure is told by ConnectionLost

// in and out are around every call of the protocol's.
func (c *connection) in() { c.loop.ctx = c.ctx }

func (c *connection) out() { c.loop.ctx = c.loop.base }

// Data is told by the stream.
func (c *connection) Data(p []byte) {
	c.in()
	c.protocol.DataReceived(p)
	c.out()
}

// Buffer is told by the stream.
func (c *connection) Buffer() []byte {
	c.in()
	p := c.buffer.GetBuffer(-1)
	c.out()
	return p
}

// Updated is told by the stream.
func (c *connection) Updated(n int) {
	c.in()
	c.buffer.BufferUpdated(n)
	c.out()
}

// End is told by the stream.
func (c *connection) End() bool {
	c.in()
	keepOpen := c.protocol.EOFReceived()
	c.out()
	return keepOpen
}

// Pause is told by the stream, out of a call of the protocol's.
func (c *connection) Pause() {
	if c.flow != nil {
		c.flow.PauseWriting()
	}
}

// Resume is told by the stream.
func (c *connection) Resume() {
	if c.flow != nil {
		c.flow.ResumeWriting()
	}
}

// Lost is told by the stream.
func (c *connection) Lost(err error) {
	p := c.protocol
	c.in()
	defer c.gone()
	c.Socket() // remembers the addresses
	p.ConnectionLost(err)
	c.out()
}

// gone lets go of the protocol and of the server.
func (c *connection) gone() {
	c.protocol, c.flow, c.buffer = nil, nil, nil
	c.view.detach()
	if c.server != nil {
		c.server.detach(c)
	}
}

// Loop implements Transport.
func (c *connection) Loop() *Loop { return c.loop }

// Write implements Transport.
func (c *connection) Write(p []byte) (int, error) {
	n, err := c.Stream.Write(p)
	return n, c.refused(err)
}

// Writev implements Transport.
func (c *connection) Writev(bufs [][]byte) (int, error) {
	n, err := c.Stream.Writev(bufs)
	return n, c.refused(err)
}

// WriteOwned implements Transport.
func (c *connection) WriteOwned(p []byte, release func()) error {
	return c.refused(c.Stream.WriteOwned(p, release))
}

// warnLate is the write after the end that is logged, asyncio's
// LOG_THRESHOLD_FOR_CONNLOST_WRITES.
const warnLate = 5

// refused counts writes after the end; one of them is logged.
func (c *connection) refused(err error) error {
	if err != nil {
		if c.late++; c.late == warnLate {
			c.loop.log.Warn("writing to a transport that is closing", "error", err, "transport", c)
		}
	}
	return err
}

// WriteEOF implements Transport.
func (c *connection) WriteEOF() error {
	c.Stream.WriteEOF()
	return nil
}

// CanWriteEOF implements Transport.
func (c *connection) CanWriteEOF() bool { return true }

// Retain implements Transport.
func (c *connection) Retain(p []byte) buffers.Ref { return c.loop.shard().Pool().Copy(p, nil) }

// SetWriteBufferLimits implements Transport.
func (c *connection) SetWriteBufferLimits(high, low int) error {
	high, low, err := marks(high, low)
	if err == nil {
		c.SetMarks(low, high)
	}
	return err
}

// WriteBufferLimits implements Transport.
func (c *connection) WriteBufferLimits() (low, high int) { return c.Marks() }

// WriteBufferSize implements Transport.
func (c *connection) WriteBufferSize() int { return c.Buffered() }

// SetProtocol implements Transport.
func (c *connection) SetProtocol(p Protocol) {
	c.protocol = p
	c.flow, _ = p.(FlowController)
	c.buffer, _ = p.(BufferedProtocol)
	c.SetBuffered(c.buffer != nil)
}

// Protocol implements Transport.
func (c *connection) Protocol() Protocol { return c.protocol }

// streamFailed reports what a protocol did wrong.
func streamFailed(s *stream.Stream, during string, err error) {
	c := s.Owner().(*connection)
	message := "Fatal error: protocol." + during + "() call failed."
	switch during {
	case "connection_made", "connection_lost":
		message = "Exception in callback protocol." + during + "()"
	case "pause_writing", "resume_writing":
		message = "protocol." + during + "() failed"
	}
	c.loop.CallExceptionHandler(ErrorContext{
		Message: message, Err: err, Transport: c, Protocol: c.protocol, Context: c.ctx,
	})
}

// kind is what the socket was made as.
func (c *connection) kind() sock.Kind {
	if c.family == AFUnix {
		return sock.Kind{Family: AFUnix, Type: SockStream}
	}
	return sock.Kind{Family: c.family, Type: SockStream, Proto: IPProtoTCP}
}

// describe completes the errors of a connection's system calls.
func (c *connection) describe(e *net.OpError) {
	v := c.Socket()
	e.Net, e.Source, e.Addr = v.kind.Network(), v.local.NetAddr(v.kind.Type), v.peer.NetAddr(v.kind.Type)
}

// Socket is a view of the connection's socket, which remembers the addresses. It
// is made when somebody asks for it, and at the latest when the connection is
// lost.
func (c *connection) Socket() *TransportSocket {
	if c.view == nil {
		local, _ := sock.Name(c.Fd()) // is open
		c.view = newTransportSocket(c.Fd(), c.kind(), local, c.peer)
	}
	return c.view
}

// ExtraInfo implements Transport.
func (c *connection) ExtraInfo(key string) any {
	v := c.Socket()
	switch key {
	case "socket":
		return v
	case "sockname":
		return v.local.NetAddr(v.kind.Type)
	case "peername":
		return v.peer.NetAddr(v.kind.Type)
	}
	return nil
}

// String shows the descriptor and the state.
func (c *connection) String() string {
	state := "open"
	if c.IsClosing() {
		state = "closing"
	}
	return fmt.Sprintf("<Transport fd=%d %s>", c.Fd(), state)
}
