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
	peer     sock.Addr        // none where the kernel has not told
	view     *TransportSocket // nil before somebody asks
	made     *stack           // in debug mode, where it was made
	place    int32            // among the server's
	seat     int32            // among the loop's; -1 when it is gone
	family   int16
	late     uint16 // writes after the end, up to warnLate
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
	c := &connection{loop: l, ctx: ctx, family: int16(e.family), peer: e.peer}
	if e.family != AFUnix {
		_ = sock.Set(e.fd, sock.NoDelay, true) // else only slower
	}
	c.Init(l.transports().Shard, e.fd, true, c)
	c.SetProtocol(p)
	l.streams.add(c)
	_ = l.r.Soon(connectionMade, c) // the loop runs
	_ = l.r.Soon(connectionStart, c)
	if ready != nil {
		_ = l.r.Soon(func(any) { ready() }, nil)
	}
	if l.debug.Load() {
		c.remember()
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

// in and out are around every call of the protocol's that comes from the loop. A
// panic in between goes to the loop, which does as out.
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

// Pause is told by the stream.
func (c *connection) Pause() {
	if c.flow != nil {
		defer c.back(c.loop.ctx)
		c.in()
		c.flow.PauseWriting()
	}
}

// Resume is told by the stream.
func (c *connection) Resume() {
	if c.flow != nil {
		defer c.back(c.loop.ctx)
		c.in()
		c.flow.ResumeWriting()
	}
}

// back is out for a call that may come out of another one, of whatever context.
func (c *connection) back(before context.Context) { c.loop.ctx = before }

// Lost is told by the stream.
func (c *connection) Lost(err error) {
	c.Socket() // remembers the addresses
	c.in()
	c.protocol.ConnectionLost(err)
	c.out()
	c.gone()
}

// gone lets go of the protocol, the loop and the server. The descriptor is closed
// afterwards.
func (c *connection) gone() {
	c.protocol, c.flow, c.buffer = nil, nil, nil
	c.view.detach()
	c.loop.streams.remove(c)
	if c.server != nil {
		c.server.detach(c)
	}
}

// Close implements Transport.
func (c *connection) Close() {
	if c.loop.r.Refused() != nil {
		c.drop()
		return
	}
	c.Stream.Close()
}

// Abort implements Transport.
func (c *connection) Abort() {
	if c.loop.r.Refused() != nil {
		c.drop()
		return
	}
	c.Stream.Abort()
}

// drop is the end on a loop that is closed or dead, where nobody is told.
func (c *connection) drop() {
	if c.seat < 0 {
		return
	}
	c.Socket() // remembers the addresses
	c.gone()
	c.Stream.Abort()
	if fd := c.Fd(); fd >= 0 {
		_ = sock.Close(fd) // it was lost already, but had not been told
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
	if err == ErrTransportClosing && c.late < warnLate {
		if c.late++; c.late == warnLate {
			c.loop.log.Warn("writing to a transport that is closing", "error", err, "transport", c)
		}
	}
	return err
}

// PostWait implements Transport.
func (c *connection) PostWait(ctx context.Context, p []byte) error {
	if err := mayBlock(); err != nil {
		return err
	}
	return c.Stream.PostWait(ctx, p)
}

// WriteEOF implements Transport.
func (c *connection) WriteEOF() error {
	c.Stream.WriteEOF()
	return nil
}

// CanWriteEOF implements Transport.
func (c *connection) CanWriteEOF() bool { return true }

// Retain implements Transport.
func (c *connection) Retain(p []byte) buffers.Ref { return c.loop.streams.Pool().Copy(p, nil) }

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
	if c.seat < 0 {
		return
	}
	c.protocol = p
	c.flow, _ = p.(FlowController)
	c.buffer, _ = p.(BufferedProtocol)
	c.SetBuffered(c.buffer != nil)
}

// Protocol implements Transport.
func (c *connection) Protocol() Protocol { return c.protocol }

// kind is what the socket was made as.
func (c *connection) kind() sock.Kind {
	if c.family == AFUnix {
		return sock.Kind{Family: AFUnix, Type: SockStream}
	}
	return sock.Kind{Family: int(c.family), Type: SockStream, Proto: IPProtoTCP}
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
	switch key {
	case "socket":
		return c.Socket()
	case "sockname":
		return c.Socket().local.NetAddr(SockStream)
	case "peername":
		return c.peer.NetAddr(SockStream)
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
