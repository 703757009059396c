package dgram

import (
	"fmt"
	"syscall"

	"github.com/shardloop/shardloop/engine/internal/sock"
	"github.com/shardloop/shardloop/poller"
)

// TruncatedError is a datagram that was longer than what is received whole. The
// rest of it is lost. It is EMSGSIZE to errors.Is.
type TruncatedError struct {
	Data []byte    // what is left, valid until the callback returns
	Size int       // of the whole datagram; 0 where the system does not tell
	From sock.Addr // who sent it
}

// Error tells how much was lost.
func (e *TruncatedError) Error() string {
	if e.Size == 0 {
		return fmt.Sprintf("a datagram from %s was cut to %d bytes", e.From, len(e.Data))
	}
	return fmt.Sprintf("a datagram of %d bytes from %s was cut to %d", e.Size, e.From, len(e.Data))
}

// Unwrap makes it EMSGSIZE, which Windows has for this.
func (e *TruncatedError) Unwrap() error { return syscall.EMSGSIZE }

// readable receives one batch and delivers it, which is the budget of a turn. It
// goes on with the batch that a panic has left.
func (e *Endpoint) readable() {
	in := &e.shard.in
	if in.owner != e && !e.receive(in) {
		return
	}
	e.set(reading)
	for in.next < len(in.batch) && e.state == open {
		e.deliver(in)
	}
	e.unset(reading)
	e.delivered(in)
}

// receive fetches a batch. It reports whether there is something to tell.
func (e *Endpoint) receive(in *inbox) bool {
	switch {
	case e.state != open:
		return false
	case e.shard.isFull():
		e.stall()
		return false
	case e.readAt == e.shard.polls():
		e.again()
		return false
	}
	e.readAt = e.shard.polls()
	in.lay(e.most, e.is(offload))
	n, err := e.shard.receive(int(e.fd), in)
	e.shard.stats.Receives++
	in.owner, in.batch, in.next, in.at, in.err = e, in.batch[:n], 0, 0, err
	switch {
	case err == syscall.EAGAIN:
		in.err = nil
		e.shard.reactor.Rearm(e.token, poller.In)
	case err != nil || n == len(in.slots):
		e.again()
	default:
		e.shard.reactor.Rearm(e.token, poller.In)
	}
	return true
}

// again asks for another batch in the next turn, before those that become ready
// meanwhile.
func (e *Endpoint) again() {
	if now := e.shard.polls(); e.againAt != now {
		e.againAt = now
		e.shard.reactor.Again(e.token, poller.Readable)
	}
}

// deliver hands the next datagram to the owner.
func (e *Endpoint) deliver(in *inbox) {
	p, m := in.take()
	e.shard.stats.Received++
	e.shard.stats.BytesReceived += uint64(len(p))
	if m.size == len(m.data) {
		e.shard.enter(e, inDatagram)
		e.events.Datagram(p, m.from)
		e.shard.leave()
		return
	}
	e.shard.stats.Truncated++
	e.tell(e.opError("read", m.from, &TruncatedError{Data: p, Size: max(m.size, 0), From: m.from}))
}

// delivered is the end of a batch: what could not be delivered any more is counted,
// an error that came behind it is told, and what the owner has sent goes out.
func (e *Endpoint) delivered(in *inbox) {
	e.shard.stats.Undelivered += uint64(in.left())
	err := in.err
	in.owner, in.err = nil, nil
	e.flushHeld()
	if err != nil && e.state == open {
		e.failed(err)
	}
}

// failed tells of an error of a receive. One that says that the descriptor is no
// socket to receive from is the end.
func (e *Endpoint) failed(err error) {
	switch err {
	case syscall.EBADF, syscall.ENOTSOCK, syscall.EFAULT, syscall.EINVAL:
		e.lose(e.opError("read", e.peer(), err))
		return
	}
	if _, ok := err.(syscall.Errno); !ok {
		e.lose(e.opError("read", e.peer(), err))
		return
	}
	e.shard.stats.ReceiveErrors++
	e.tell(e.opError("read", e.peer(), err))
}

// peer is the address that a connected endpoint receives from.
func (e *Endpoint) peer() sock.Addr {
	if e.is(connected) {
		return e.remote
	}
	return sock.Addr{}
}

// tell tells of an error, out of an event or a callback of the loop's.
func (e *Endpoint) tell(err error) {
	e.shard.enter(e, inError)
	e.events.Error(err)
	e.shard.leave()
}

// stall leaves the datagrams to the kernel until the loop has memory again.
func (e *Endpoint) stall() {
	if e.is(stalled) {
		return
	}
	e.set(stalled)
	e.shard.config.Eased(func() {
		e.unset(stalled)
		if e.state == open {
			e.again()
		}
	})
}
