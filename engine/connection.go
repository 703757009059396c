package engine

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"time"

	"github.com/shardloop/shardloop/buffers"
	"github.com/shardloop/shardloop/engine/internal/sock"
	"github.com/shardloop/shardloop/engine/internal/stream"
)

// connection is the transport of a stream socket: a stream, and the user's
// protocol as the owner of its events. It is one object, so that an idle
// connection costs one allocation and owns no buffer.
type connection struct {
	stream.Stream
	loop     *Loop
	ctx      context.Context // of whoever made the server or the connection
	protocol Protocol
	server   *Server          // that accepted it; nil for others
	peer     sock.Addr        // none where the kernel has not told
	view     *TransportSocket // nil before somebody asks
	made     *stack           // in debug mode, where it was made
	place    int32            // among the server's
	seat     int32            // among the loop's; -1 when it is gone
	family   int16
	late     uint16 // writes after the end, up to warnLate
}

// endpoint is a connected socket, or a pipe, on its way to its transport.
type endpoint struct {
	fd     int
	family int
	peer   sock.Addr
	pipe   *pipeEnd // nil for a socket
	prompt bool     // it has TCP_NODELAY
}

// stream is what the descriptor is to a stream.
func (e endpoint) stream() stream.Kind {
	switch {
	case e.pipe != nil:
		return e.pipe.kind
	case e.family == AFUnix:
		return stream.UnixSocket
	}
	return stream.Socket
}

// connection makes the object, and says who is told of the stream's events.
func (e endpoint) connection() (*connection, stream.Events) {
	if e.pipe != nil {
		p := &pipe{end: *e.pipe}
		return &p.connection, p
	}
	c := &connection{}
	return c, c
}

// newConnection makes the transport of an endpoint, which it owns from now on. The
// protocol learns of it in the next turn, and reads from then on; then ready is
// called, unless it is nil.
func (l *Loop) newConnection(e endpoint, p Protocol, ctx context.Context, ready func()) *connection {
	c, owner := e.connection()
	c.loop, c.ctx, c.family, c.peer = l, ctx, int16(e.family), e.peer
	kind := e.stream()
	if kind == stream.Socket && !e.prompt {
		_ = sock.Set(e.fd, sock.NoDelay, true) // else only slower
	}
	c.Init(l.transports().Shard, e.fd, kind, owner)
	c.SetProtocol(p)
	l.streams.add(c)
	_ = l.r.Soon(connectionMade, c) // the loop runs
	_ = l.r.Soon(connectionStart, c)
	if ready != nil {
		_ = l.r.Soon(func(any) { ready() }, nil)
	}
	if l.debug.Load() {
		c.announce()
	}
	return c
}

func connectionMade(arg any) {
	c := arg.(*connection)
	if c.server != nil {
		c.Stream.SetTimeouts(stream.Timeouts(c.server.options.Timeouts))
	}
	c.in()
	c.Made(func() { c.protocol.ConnectionMade(c.transport()) })
	c.out()
}

func connectionStart(arg any) { _ = arg.(*connection).Start() } // its failure is told by ConnectionLost

// in and out are around every call of the protocol's that comes from the loop. A
// panic in between goes to the loop, which does as out.
func (c *connection) in() {
	c.loop.setContext(c.ctx)
	if c.loop.debug.Load() {
		c.loop.streams.entered = c.loop.Time()
	}
}

func (c *connection) out() {
	c.loop.setContext(c.loop.base)
	if c.loop.debug.Load() {
		c.loop.tellSlow(c.loop.streams.entered, c.protocol, c.transport())
	}
}

// tellSlow logs in debug mode a call of a protocol's that took too long.
func (l *Loop) tellSlow(entered time.Duration, protocol, transport any) {
	if took := l.Time() - entered; took >= l.SlowCallbackDuration() {
		l.log.Warn(fmt.Sprintf("Executing %T of %v took %.3f seconds", protocol, transport, took.Seconds()), "duration", took)
	}
}

// Data is told by the stream.
func (c *connection) Data(p []byte) {
	c.count(len(p))
	c.in()
	c.protocol.DataReceived(p)
	c.out()
}

// Buffer is told by the stream.
func (c *connection) Buffer() []byte {
	c.in()
	p := c.protocol.(BufferedProtocol).GetBuffer(-1)
	c.out()
	return p
}

// Updated is told by the stream.
func (c *connection) Updated(n int) {
	c.count(n)
	c.in()
	c.protocol.(BufferedProtocol).BufferUpdated(n)
	c.out()
}

// count counts received bytes for the server.
func (c *connection) count(n int) {
	if c.server != nil {
		c.server.stats.BytesReceived += uint64(n)
	}
}

// Sent is told by the stream.
func (c *connection) Sent(n int) {
	if c.server != nil {
		c.server.stats.BytesSent += uint64(n)
	}
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
	if flow, ok := c.protocol.(FlowController); ok {
		defer c.back(c.loop.ctx)
		c.in()
		flow.PauseWriting()
	}
}

// Resume is told by the stream.
func (c *connection) Resume() {
	if flow, ok := c.protocol.(FlowController); ok {
		defer c.back(c.loop.ctx)
		c.in()
		flow.ResumeWriting()
	}
}

// back is out for a call that may come out of another one, of whatever context.
func (c *connection) back(before context.Context) { c.loop.ctx = before }

// Lost is told by the stream.
func (c *connection) Lost(err error) {
	c.remember()
	c.countEnd(err)
	if err != nil && c.loop.debug.Load() {
		c.loop.log.Debug("connection lost", "transport", c.transport(), "error", err)
	}
	c.in()
	c.protocol.ConnectionLost(err)
	c.out()
	c.gone()
}

// countEnd tells the server of a limit that has passed.
func (c *connection) countEnd(err error) {
	if op, ok := err.(*net.OpError); ok && c.server != nil {
		if _, ok := op.Err.(*TimeoutError); ok {
			c.server.stats.TimedOut++
		}
	}
}

// gone lets go of the protocol, the loop and the server. The descriptor is closed
// afterwards.
func (c *connection) gone() {
	c.protocol = nil
	if c.view != nil {
		c.view.detach()
	}
	if p := c.pipe(); p != nil {
		p.end.view.detach()
	}
	c.loop.unwatchClosed(c.Fd())
	c.loop.streams.remove(c)
	if c.server != nil {
		c.server.detach(c)
	}
}

// Close implements Transport.
func (c *connection) Close() {
	c.mustBeHere()
	if c.loop.r.Refused() != nil {
		c.drop()
		return
	}
	c.Stream.Close()
}

// Abort implements Transport.
func (c *connection) Abort() {
	c.mustBeHere()
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
	c.remember()
	c.gone()
	c.Stream.Drop()
}

// Loop implements Transport.
func (c *connection) Loop() *Loop { return c.loop }

// PostWait implements Transport.
func (c *connection) PostWait(ctx context.Context, p []byte) error {
	if err := mayBlock(); err != nil {
		return err
	}
	return c.Stream.PostWait(ctx, p)
}

// Retain implements Transport.
func (c *connection) Retain(p []byte) buffers.Ref { return c.loop.streams.Retain(p) }

// SetTimeouts implements Transport.
func (c *connection) SetTimeouts(t Timeouts) error {
	err := cmp.Or(c.loop.checkGoroutine(), t.validate(""))
	if err == nil {
		c.Stream.SetTimeouts(stream.Timeouts(t))
	}
	return err
}

// Timeouts implements Transport.
func (c *connection) Timeouts() Timeouts { return Timeouts(c.Stream.Timeouts()) }

// SetProtocol implements Transport.
func (c *connection) SetProtocol(p Protocol) {
	c.mustBeHere()
	if c.seat < 0 {
		return
	}
	c.protocol = p
	_, buffered := p.(BufferedProtocol)
	c.SetBuffered(buffered)
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
	if p := c.pipe(); p != nil {
		e.Net, e.Addr = "pipe", pipeName(p.end.view.Name())
		return
	}
	k := c.kind()
	e.Net, e.Source, e.Addr = k.Network(), c.source(), c.peer.NetAddr(k.Type)
}

// source is local for an error.
func (c *connection) source() net.Addr {
	if c.view == nil && c.server != nil && c.server.atNet != nil {
		return c.server.atNet
	}
	return c.local().NetAddr(SockStream)
}

// Socket is a view of the connection's socket, which remembers the addresses. It
// is made when somebody asks for it, or by remember.
func (c *connection) Socket() *TransportSocket {
	if c.view == nil {
		c.view = newTransportSocket(c.Fd(), c.kind(), c.local(), c.peer)
		if c.seat < 0 {
			c.view.detach()
		}
	}
	return c.view
}

// remember makes the view before the descriptor is closed, unless the address is
// known without it.
func (c *connection) remember() {
	if c.pipe() == nil && (c.server == nil || !c.server.at.IsValid()) {
		c.Socket()
	}
}

// local is the connection's own address: where it was accepted, if that is one
// address, else what the view has or the system says.
func (c *connection) local() sock.Addr {
	switch {
	case c.view != nil:
		return c.view.local
	case c.server != nil && c.server.at.IsValid():
		return c.server.at
	}
	a, _ := sock.Name(c.Fd()) // is open
	return a
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
	return fmt.Sprintf("<Transport fd=%d %s>", c.Fd(), c.condition())
}

// condition is the state in a word.
func (c *connection) condition() string {
	if c.IsClosing() {
		return "closing"
	}
	return "open"
}
