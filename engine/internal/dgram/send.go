package dgram

import (
	"fmt"
	"syscall"
	"time"

	"github.com/shardloop/shardloop/engine/internal/sock"
	"github.com/shardloop/shardloop/poller"
)

// An endpoint holds back so many datagrams, and bytes, to send them together with
// what comes after in the same turn. It never holds more than its high mark: what
// the kernel refuses then is told by the Send that passes it.
const (
	heldPackets = maxSegments
	heldBytes   = 64 << 10
)

// Send queues a copy of p, to be sent in this turn if the kernel takes it. A
// datagram may be empty. No address is that of the remote side. It fails with
// ErrClosing, or with a *sock.AddrError for an address that the endpoint does not
// send to. Loop only.
func (e *Endpoint) Send(p []byte, to sock.Addr) error {
	if e.state >= closing {
		e.shard.stats.LateSends++
		return ErrClosing
	}
	to, err := e.target(to)
	if err != nil {
		return err
	}
	e.out.push(e.shard.pool, p, to)
	e.queued()
	return nil
}

// target is the address as the kernel takes it: none for a connected socket.
func (e *Endpoint) target(to sock.Addr) (sock.Addr, error) {
	switch {
	case e.remote.IsValid():
		if to.IsValid() && to != e.remote {
			if same, err := to.For(e.kind.Family); err != nil || same != e.remote {
				return to, &sock.AddrError{Reason: fmt.Sprintf("must be none or that of the remote side, %s", e.remote)}
			}
		}
		if e.is(connected) {
			return sock.Addr{}, nil
		}
		return e.remote, nil
	case !to.IsValid():
		return to, &sock.AddrError{Reason: "must be given: the endpoint has no remote side"}
	}
	return to.For(e.kind.Family)
}

// queued decides what becomes of a datagram that was just queued.
func (e *Endpoint) queued() {
	switch {
	case e.is(blocked):
		e.pauseIfFull()
	case e.leavesAtOnce():
		e.send()
	case !e.is(reading | listed):
		e.set(listed)
		e.shard.reactor.AtTurnEnd(e)
	}
}

// leavesAtOnce reports whether the queue is too long to be held, or there is no
// turn to hold it in.
func (e *Endpoint) leavesAtOnce() bool {
	return e.out.len() >= heldPackets || e.out.size() > min(heldBytes, e.high) || !e.shard.reactor.InTurn()
}

// Flush is the end of the turn.
func (e *Endpoint) Flush() {
	e.unset(listed)
	e.flushHeld()
}

// flushHeld sends what is held.
func (e *Endpoint) flushHeld() {
	if e.out.len() > 0 && !e.is(blocked) && e.state < lost {
		e.send()
	}
}

// send gives the queue to the kernel until that refuses.
func (e *Endpoint) send() {
	for e.out.len() > 0 {
		n, err := e.shard.send(e)
		e.shard.stats.Sends++
		e.sent(n)
		switch {
		case err == nil:
		case e.mustWait(err):
			e.block(err)
			return
		default:
			e.refused(err)
		}
	}
}

// sent takes n datagrams out of the queue, which the kernel has now.
func (e *Endpoint) sent(n int) {
	if n == 0 {
		return
	}
	before := e.out.bytes
	e.out.drop(e.shard.pool, n)
	e.shard.stats.Sent += uint64(n)
	e.shard.stats.BytesSent += uint64(before - e.out.bytes)
	e.plain = max(e.plain-n, 0)
	e.unset(retried)
	e.pause = 0
}

// refused is about the head of the queue, behind what the kernel has taken.
func (e *Endpoint) refused(err error) {
	switch {
	case err == syscall.ECONNREFUSED && e.kind.Family != sock.Unix && !e.is(retried):
		// That is what became of an earlier datagram. This one was not sent, and has
		// another try.
		e.set(retried)
		e.shard.stats.ReceiveErrors++
		e.tellSoon(e.opError("write", e.remote, err))
	case e.shard.out.first > 1:
		e.unjoin(err)
	default:
		e.reject(err)
	}
}

// unjoin sends the datagrams one by one that could not be sent as one message, and
// all others if it is the device that cannot cut it. What is wrong with one of them
// the kernel will then say again.
func (e *Endpoint) unjoin(err error) {
	e.plain = e.shard.out.first
	e.shard.stats.Unjoined++
	if err == syscall.EIO || err == syscall.EOPNOTSUPP {
		e.unset(offload)
	}
}

// reject drops the head, which cannot be sent, and tells why.
func (e *Endpoint) reject(err error) {
	to := e.out.waiting()[0].to
	if !to.IsValid() {
		to = e.remote
	}
	e.out.drop(e.shard.pool, 1)
	e.plain = max(e.plain-1, 0)
	e.unset(retried)
	e.shard.stats.SendErrors++
	e.tellSoon(e.opError("write", to, err))
}

// failure is an error on its way to the owner.
type failure struct {
	endpoint *Endpoint
	err      error
}

// tellSoon tells of an error in the next turn: it may have come out of a call of
// the owner's. Lost is scheduled behind it. A loop that is closed tells nobody.
func (e *Endpoint) tellSoon(err error) {
	_ = e.shard.reactor.Soon(tellFailure, &failure{e, err})
}

func tellFailure(arg any) {
	f := arg.(*failure)
	f.endpoint.tell(f.err)
}

// mustWait reports whether the kernel has only no room.
func (e *Endpoint) mustWait(err error) bool {
	return err == syscall.EAGAIN || err == syscall.ENOBUFS && e.kind.Family == sock.Unix
}

// How long a unix peer's full queue is left alone, the first time and at most,
// where no event tells that there is room.
const (
	firstPause = time.Millisecond
	lastPause  = 64 * time.Millisecond
)

// block waits for the kernel to take more. The full queue of a unix peer becomes
// an event only if the socket is connected to it, and never where it is ENOBUFS.
func (e *Endpoint) block(err error) {
	e.set(blocked)
	e.shard.reactor.Rearm(e.token, poller.Out)
	if e.kind.Family == sock.Unix && (!e.is(connected) || err == syscall.ENOBUFS) {
		e.pause = min(max(2*e.pause, firstPause), lastPause)
		_ = e.shard.reactor.Schedule(&e.retry, e.shard.reactor.Now()+int64(e.pause)) // or the loop is closed
	}
	e.pauseIfFull()
}

func retrySend(arg any) { arg.(*Endpoint).writable() }

// writable goes on where the kernel refused.
func (e *Endpoint) writable() {
	if !e.is(blocked) || e.state >= lost {
		return
	}
	e.unset(blocked)
	e.shard.reactor.Cancel(&e.retry)
	e.send()
	e.resumeIfLow()
	e.settle()
}

// Buffered is the size of what the kernel has not taken: 8 bytes for each datagram,
// and its own. What is held is sent first. Loop only.
func (e *Endpoint) Buffered() int {
	e.flushHeld()
	return e.out.size()
}
