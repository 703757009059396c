package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/shardloop/shardloop/engine/internal/dgram"
	"github.com/shardloop/shardloop/engine/internal/sock"
)

// datagramEndpoint is the transport of a datagram socket: its datagrams, and the
// user's protocol as the owner of their events.
type datagramEndpoint struct {
	dgram.Endpoint
	loop     *Loop
	ctx      context.Context // of whoever made the endpoint
	protocol DatagramProtocol
	view     *TransportSocket // nil before somebody asks
	made     *stack           // in debug mode, where it was made
	seat     int              // among the loop's; -1 when it is gone
	late     int              // sends after the end, up to warnLate
}

// newDatagramEndpoint makes the transport of a socket, which it owns from now on.
// The protocol learns of it in the next turn, and receives from then on; then ready
// is called.
func (l *Loop) newDatagramEndpoint(fd int, o dgram.Options, p DatagramProtocol, ready func()) *datagramEndpoint {
	e := &datagramEndpoint{loop: l, ctx: l.ctx, protocol: p}
	e.Init(l.datagramEndpoints().Shard, fd, o, e)
	l.datagrams.add(e)
	_ = l.r.Soon(datagramsMade, e) // the loop runs
	_ = l.r.Soon(datagramsStart, e)
	_ = l.r.Soon(func(any) { ready() }, nil)
	if l.debug.Load() {
		made := callers()
		e.made = &made
		l.log.Debug("new datagram endpoint", "transport", e, "protocol", p)
	}
	return e
}

func datagramsMade(arg any) {
	e := arg.(*datagramEndpoint)
	e.in()
	e.Made(func() { e.protocol.ConnectionMade(e) })
	e.out()
}

func datagramsStart(arg any) { _ = arg.(*datagramEndpoint).Start() } // its failure is told by ConnectionLost

// in and out are around every call of the protocol's that comes from the loop. A
// panic in between goes to the loop, which does as out.
func (e *datagramEndpoint) in() {
	e.loop.setContext(e.ctx)
	if e.loop.debug.Load() {
		e.loop.datagrams.entered = e.loop.Time()
	}
}

func (e *datagramEndpoint) out() {
	e.loop.setContext(e.loop.base)
	if e.loop.debug.Load() {
		e.loop.tellSlow(e.loop.datagrams.entered, e.protocol, e)
	}
}

// Datagram is told by the endpoint.
func (e *datagramEndpoint) Datagram(p []byte, from sock.Addr) {
	e.in()
	e.protocol.DatagramReceived(p, from)
	e.out()
}

// Error is told by the endpoint.
func (e *datagramEndpoint) Error(err error) {
	e.in()
	e.protocol.ErrorReceived(err)
	e.out()
}

// Pause is told by the endpoint.
func (e *datagramEndpoint) Pause() {
	if flow, ok := e.protocol.(FlowController); ok {
		defer e.back(e.loop.ctx)
		e.in()
		flow.PauseWriting()
	}
}

// Resume is told by the endpoint.
func (e *datagramEndpoint) Resume() {
	if flow, ok := e.protocol.(FlowController); ok {
		defer e.back(e.loop.ctx)
		e.in()
		flow.ResumeWriting()
	}
}

// back is out for a call that may come out of another one, of whatever context.
func (e *datagramEndpoint) back(before context.Context) { e.loop.ctx = before }

// Lost is told by the endpoint.
func (e *datagramEndpoint) Lost(err error) {
	e.remember()
	if err != nil && e.loop.debug.Load() {
		e.loop.log.Debug("datagram endpoint lost", "transport", e, "error", err)
	}
	e.in()
	e.protocol.ConnectionLost(err)
	e.out()
	e.gone()
}

// gone lets go of the protocol and the loop. The descriptor is closed afterwards.
func (e *datagramEndpoint) gone() {
	e.protocol = nil
	e.view.detach()
	e.loop.unwatchClosed(e.Fd())
	e.loop.datagrams.remove(e)
}

// Loop implements DatagramTransport.
func (e *datagramEndpoint) Loop() *Loop { return e.loop }

func (e *datagramEndpoint) mustBeHere() {
	if err := e.loop.checkGoroutine(); err != nil {
		panic(err)
	}
}

// SendTo implements DatagramTransport.
func (e *datagramEndpoint) SendTo(p []byte, to Addr) error {
	if err := e.loop.checkGoroutine(); err != nil {
		return err
	}
	if err := e.Send(p, to); err != nil {
		return e.refused(err)
	}
	return nil
}

// refused is the error of a send as the caller has it. Sends after the end are
// counted; one of them is logged.
func (e *datagramEndpoint) refused(err error) error {
	var bad *sock.AddrError
	if errors.As(err, &bad) {
		return badArg("to", bad.Reason)
	}
	if e.late < warnLate {
		if e.late++; e.late == warnLate {
			e.loop.log.Warn("sending on a datagram endpoint that is closing", "error", ErrTransportClosing, "transport", e)
		}
	}
	return ErrTransportClosing
}

// WriteEOF implements DatagramTransport.
func (e *datagramEndpoint) WriteEOF() error {
	return opError("write_eof", e.Kind(), e.Local(), e.Remote(), ErrUnsupported)
}

// SetWriteBufferLimits implements DatagramTransport.
func (e *datagramEndpoint) SetWriteBufferLimits(high, low int) error {
	high, low, err := marks(high, low)
	if err = cmp.Or(err, e.loop.checkGoroutine()); err == nil {
		e.SetMarks(low, high)
	}
	return err
}

// WriteBufferLimits implements DatagramTransport.
func (e *datagramEndpoint) WriteBufferLimits() (low, high int) { return e.Marks() }

// WriteBufferSize implements DatagramTransport.
func (e *datagramEndpoint) WriteBufferSize() int { return e.Buffered() }

// Close implements DatagramTransport.
func (e *datagramEndpoint) Close() {
	e.mustBeHere()
	if e.loop.r.Refused() != nil {
		e.drop()
		return
	}
	e.Endpoint.Close()
}

// Abort implements DatagramTransport.
func (e *datagramEndpoint) Abort() {
	e.mustBeHere()
	if e.loop.r.Refused() != nil {
		e.drop()
		return
	}
	e.Endpoint.Abort()
}

// drop is the end on a loop that is closed or dead, where nobody is told.
func (e *datagramEndpoint) drop() {
	if e.seat < 0 {
		return
	}
	e.remember()
	e.gone()
	e.Drop()
}

// SetProtocol implements DatagramTransport.
func (e *datagramEndpoint) SetProtocol(p DatagramProtocol) {
	e.mustBeHere()
	if e.seat >= 0 {
		e.protocol = p
	}
}

// Protocol implements DatagramTransport.
func (e *datagramEndpoint) Protocol() DatagramProtocol { return e.protocol }

// Socket is a view of the endpoint's socket. It is made when somebody asks for it,
// or by remember.
func (e *datagramEndpoint) Socket() *TransportSocket {
	if e.view == nil {
		e.view = newTransportSocket(e.Fd(), e.Kind(), sock.Addr{}, e.peer())
	}
	return e.view
}

// remember has the view know the own address when the descriptor is closed. Before,
// sending may still give the socket one.
func (e *datagramEndpoint) remember() { e.Socket().remember(e.Local()) }

// peer is the address that the socket is connected to.
func (e *datagramEndpoint) peer() Addr {
	if e.IsConnected() {
		return e.Remote()
	}
	return Addr{}
}

// ExtraInfo implements DatagramTransport.
func (e *datagramEndpoint) ExtraInfo(key string) any {
	switch key {
	case "socket":
		return e.Socket()
	case "sockname":
		return e.Local().NetAddr(e.Kind().Type)
	case "peername":
		return e.peer().NetAddr(e.Kind().Type)
	}
	return nil
}

// String shows the descriptor and the state.
func (e *datagramEndpoint) String() string {
	state := "open"
	if e.IsClosing() {
		state = "closing"
	}
	return fmt.Sprintf("<DatagramTransport fd=%d %s>", e.Fd(), state)
}
