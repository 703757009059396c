package dgram

import (
	"errors"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/shardloop/shardloop/engine/internal/reactor"
	"github.com/shardloop/shardloop/engine/internal/sock"
	"github.com/shardloop/shardloop/poller"
)

// Events is what an endpoint tells its owner, on the loop. None comes after Lost.
// Only Pause and Resume come out of a call of the owner's: of the Send that causes
// them.
type Events interface {
	// Datagram brings one datagram, which may be empty, valid until it returns.
	Datagram(p []byte, from sock.Addr)
	// Error tells what the kernel said about a datagram, or of a *TruncatedError. The
	// endpoint goes on.
	Error(err error)
	// Pause tells that more is waiting to be sent than the high mark, Resume that
	// it is down to the low mark. They alternate, Pause first.
	Pause()
	Resume()
	// Lost is the last call; err is nil after Close and Abort. The descriptor is
	// closed when it returns.
	Lost(err error)
}

// Endpoint is one socket's datagrams, embedded in its owner.
//
//	      Start              Close
//	new --------> open -----------------> closing
//	               |                         | all was sent
//	               | Abort, a broken socket  v
//	               +------------------------> lost --> gone
//
// Errors of datagrams end nothing. In closing nothing is received, and what was
// accepted is still sent. In lost nothing is done any more: Lost is scheduled, and
// the descriptor is closed behind it.
//
// The way out:
//
//	held ----- the batch that is delivered, or the turn, ends ----> the kernel
//	  |                                                               |
//	  +-- more than is held: at once --> the kernel                   | refuses
//	                                                                  v
//	              Writable event, or a pause is over <------------ blocked
//
// One queue holds both, in the order of the Sends. An endpoint is blocked exactly
// while the kernel has refused the datagram at its head, and everything sent
// meanwhile stands behind it: a unix peer that does not read holds up the others.
type Endpoint struct {
	shard  *Shard
	events Events
	token  poller.Token
	fd     int32
	state  state
	flags  flags
	kind   sock.Kind
	local  sock.Addr // as far as it is known
	remote sock.Addr // the only one that is sent to; none for any
	out    queue
	low    int
	high   int
	most   int // bytes of a message that is received whole
	plain  int // datagrams at the head that go one by one
	err    error

	retry   reactor.Timer // of a send that no event will tell of
	pause   time.Duration // before it
	closeBy reactor.Timer

	readAt  uint32 // low bits of the poll after which it was read last
	againAt uint32
}

type state uint8

const (
	fresh state = iota
	open
	closing
	lost
	gone
)

type flags uint16

const (
	connected flags = 1 << iota // the kernel knows the remote address
	blocked                     // the kernel has refused the head of the queue
	full                        // the owner was told to pause
	listed                      // will be flushed at the end of the turn
	reading                     // delivers a batch
	stalled                     // waits to read until the loop has memory again
	offload                     // the kernel cuts and joins datagrams
	retried                     // the head, after the error of an earlier one
)

func (e *Endpoint) is(f flags) bool { return e.flags&f != 0 }

func (e *Endpoint) set(f flags) { e.flags |= f }

func (e *Endpoint) unset(f flags) { e.flags &^= f }

// The marks of a new endpoint: asyncio's.
const (
	DefaultHigh = 64 << 10
	DefaultLow  = DefaultHigh / 4
)

// ErrClosing: the endpoint is closing or lost.
var ErrClosing = errors.New("datagram endpoint is closing")

// Options say what an endpoint is made of.
type Options struct {
	Kind sock.Kind

	// Remote is the one address that is sent to; none for any. Connected says that
	// the kernel knows it.
	Remote    sock.Addr
	Connected bool

	// MaxSize is the longest datagram that is received whole.
	MaxSize int

	// Offload lets the kernel cut and join datagrams, where it can.
	Offload bool
}

// Init prepares an endpoint over a descriptor that does not block and that it owns
// from now on. Loop only.
func (e *Endpoint) Init(sh *Shard, fd int, o Options, events Events) {
	e.shard, e.fd, e.events = sh, int32(fd), events
	e.kind, e.remote, e.low, e.high = o.Kind, o.Remote, DefaultLow, DefaultHigh
	e.local, _ = sock.Name(fd) // or it has none
	e.most = o.MaxSize
	if o.Connected {
		e.set(connected)
	}
	if o.Offload && sh.system.offload(fd) == nil {
		e.set(offload)
		e.most = maxJoined
	}
	e.retry.Init(retrySend, e)
	e.closeBy.Init(closeTimeout, e)
	sh.stats.Open++
}

// Start begins to receive, and to learn when it can send. The owner has said before
// that the endpoint is there. It must be called also for one that was closed since
// Init; one that is lost does nothing. An error is what Lost will be told, too.
// Loop only.
func (e *Endpoint) Start() (err error) {
	if e.state >= lost || e.token != 0 {
		return nil
	}
	if e.token, err = e.shard.reactor.Attach(int(e.fd), e, poller.In|poller.Out|poller.Edge); err != nil {
		err = e.opError("watch", e.peer(), err)
		e.lose(err)
		return err
	}
	if e.state == fresh {
		e.state = open
	}
	return nil
}

// Made runs the owner's connection_made; a panic in it is reported, and the
// endpoint goes on.
func (e *Endpoint) Made(fn func()) {
	e.shard.enter(e, inMade)
	fn()
	e.shard.leave()
}

// Owner is who is told of the endpoint's events.
func (e *Endpoint) Owner() Events { return e.events }

// Fd is the descriptor, -1 once Lost has returned.
func (e *Endpoint) Fd() int { return int(e.fd) }

// Kind is what the socket was made as.
func (e *Endpoint) Kind() sock.Kind { return e.kind }

// Local is the socket's own address, none before it has one. An endpoint that was
// not bound is when it has sent something.
func (e *Endpoint) Local() sock.Addr {
	if e.fd >= 0 && (!e.local.IsValid() || e.local.IsAny() && e.local.Port() == 0) {
		e.local, _ = sock.Name(int(e.fd)) // or it still has none
	}
	return e.local
}

// Remote is the only address that is sent to; none for any.
func (e *Endpoint) Remote() sock.Addr { return e.remote }

// IsConnected reports whether the kernel knows the remote address.
func (e *Endpoint) IsConnected() bool { return e.is(connected) }

// IsClosing reports whether the endpoint was closed, aborted or lost.
func (e *Endpoint) IsClosing() bool { return e.state >= closing }

// What an event says beyond Writable that ends a wait to send.
const endsOutput = poller.HangUp | poller.Failed

// HandleReady acts on an event. Receiving comes first; what is left of it, and the
// writable side, stay in the event, to be called with again: so the rest of a batch
// survives a panic over one datagram.
func (e *Endpoint) HandleReady(ev *poller.Event, ready poller.Ready) {
	if ready == poller.Writable {
		e.writable()
		return
	}
	if ready&(poller.Writable|endsOutput) != 0 && e.is(blocked) {
		ev.Ready = poller.Writable
	}
	ev.Ready |= poller.Readable
	e.readable()
	ev.Ready &^= poller.Readable
}

// opError is err of a datagram as package net would tell it.
func (e *Endpoint) opError(op string, peer sock.Addr, err error) error {
	if errno, ok := err.(syscall.Errno); ok {
		err = &os.SyscallError{Syscall: calls[op], Err: errno}
	}
	return &net.OpError{
		Op: op, Net: e.kind.Network(), Source: e.Local().NetAddr(e.kind.Type), Addr: peer.NetAddr(e.kind.Type), Err: err,
	}
}

// calls are the system calls of operations, whatever the system has for several
// datagrams at once.
var calls = map[string]string{"read": "recvmsg", "write": "sendmsg"}
