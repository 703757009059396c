package accept

import (
	"errors"
	"syscall"
	"time"

	"github.com/shardloop/shardloop/engine/internal/reactor"
	"github.com/shardloop/shardloop/engine/internal/sock"
	"github.com/shardloop/shardloop/poller"
)

// Events is what a listener tells its owner, on the loop.
type Events interface {
	// Room is asked before each accept. When it says no the queue is left alone,
	// and the owner holds the listener. Unused tells that nothing came of the room.
	Room() bool
	Unused()
	// Accepted hands over a connection's descriptor, its family, and its peer.
	Accepted(fd, family int, peer sock.Addr)
	// Starved tells, each time, that the listener waits for a descriptor or memory.
	Starved()
	// Exhausted tells, at most once in RetryDelay, that the system has no descriptor
	// or no memory left, and that the listener pauses; Failed tells of any other
	// error. After a second failure in a row there is a pause too.
	Exhausted(err error)
	Failed(err error)
	// Shed tells that a connection was accepted and closed, for the lack of
	// resources that err is about.
	Shed(err error)
}

// RetryDelay is how long a listener leaves its queue alone after the system ran
// out of something, unless the owner frees it: asyncio's ACCEPT_RETRY_DELAY.
const RetryDelay = time.Second

// Listener accepts connections from a listening socket, in its owner's turns of
// the loop. It does not own the descriptor.
//
//	         Start                    out of resources, Hold
//	idle -------------> accepting ----------------------------> waiting
//	  ^                  |    ^                                  |  |
//	  +------ Stop ------+    +-------- a second, Release -------+  |
//	  +-------------------------- Stop -----------------------------+
//
// It watches by level: a queue that was not emptied reports again.
type Listener struct {
	reactor *reactor.Reactor
	events  Events
	timer   reactor.Timer
	token   poller.Token
	fd      int
	family  int
	batch   int
	state   state
	held    bool  // by the owner
	pressed bool  // by the owner, for want of memory
	starved bool  // by the system
	failed  bool  // the last time
	silent  int64 // until when Exhausted is not told again
	reserve reserve
	system  system
}

// system is what a listener asks of the system.
type system struct {
	accept  func(fd int) (conn int, peer sock.Addr, err error)
	reserve func(fd int) (int, error) // another descriptor, for nothing
	close   func(fd int) error
	queued  func(fd int) bool // whether there is something to accept
}

type state uint8

const (
	idle state = iota
	accepting
	waiting
)

// New makes a listener for a socket that listens and does not block. At each
// event it accepts up to batch connections.
func New(r *reactor.Reactor, fd, family, batch int, e Events) *Listener {
	l := &Listener{reactor: r, fd: fd, family: family, batch: batch, events: e}
	l.system = system{sock.Accept, sock.Dup, sock.Close, sock.HasInput}
	l.timer.Init(func(any) { l.retry() }, nil)
	return l
}

// Fd is the descriptor.
func (l *Listener) Fd() int { return l.fd }

// Start begins to accept.
func (l *Listener) Start() error {
	if l.state != idle {
		return nil
	}
	l.fill()
	return l.attach()
}

// attach begins to watch the queue, unless there is a reason to wait.
func (l *Listener) attach() error {
	if l.held || l.pressed || l.starved {
		l.state = waiting
		return nil
	}
	t, err := l.reactor.Attach(l.fd, l, poller.In)
	if err == nil {
		l.token, l.state = t, accepting
	}
	return err
}

// Stop ends it; Start may follow.
func (l *Listener) Stop() {
	l.wait()
	l.reactor.Cancel(&l.timer)
	l.lend()
	l.state, l.starved, l.failed = idle, false, false
}

// Hold leaves the queue alone until Release.
func (l *Listener) Hold() {
	l.held = true
	l.wait()
}

// Release undoes Hold.
func (l *Listener) Release() {
	l.held = false
	l.resume()
}

// Press and Ease are Hold and Release for a reason that comes and goes beside the
// other.
func (l *Listener) Press() {
	l.pressed = true
	l.wait()
}

// Ease undoes Press.
func (l *Listener) Ease() {
	l.pressed = false
	l.resume()
}

// wait watches the queue no more, if it was watched.
func (l *Listener) wait() {
	if l.state == accepting {
		_ = l.reactor.Detach(l.token) // it was attached
		l.state = waiting
	}
}

func (l *Listener) resume() {
	if l.state == waiting {
		if err := l.attach(); err != nil {
			l.pause() // or it would never come back
			l.events.Failed(err)
		}
	}
}

// HandleReady accepts what is in the queue.
func (l *Listener) HandleReady(*poller.Event, poller.Ready) {
	for n := l.batch; n > 0 && l.state == accepting && l.one() == took; n-- {
	}
}

// Rest is what Drain leaves in the queue, the more the greater.
type Rest uint8

// What may be left: nothing; something that was not asked for, or that there was no
// room for, or in a socket that has failed; and something that the system had no
// descriptor or memory for.
const (
	Nothing Rest = iota
	Some
	Stuck
)

// maxFailures is how many errors in a row Drain takes for errors of as many
// connections. What goes on beyond that is the socket's.
const maxFailures = 16

// Drain accepts up to n connections, also while the listener waits, and tells what is
// left. It goes on behind connections that were aborted, or that have failed, and sheds
// none: what is in reserve serves.
func (l *Listener) Drain(n int) Rest {
	l.lend()
	for failures := 0; n > 0 && failures < maxFailures && l.state != idle; {
		switch l.one() {
		case took:
			n, failures = n-1, 0
		case none:
			return Nothing
		case failed:
			failures++
		case refused:
			return Some
		case lacking:
			return l.stuck()
		}
	}
	return Some
}

// stuck asks whether there is anything to lack a descriptor for: the kernel takes one
// before it looks into the queue.
func (l *Listener) stuck() Rest {
	if l.system.queued(l.fd) {
		return Stuck
	}
	return Nothing
}

// outcome is what came of an accept.
type outcome uint8

const (
	took outcome = iota
	none
	skipped // aborted by the peer, interrupted, or shed
	lacking // a descriptor or memory
	failed  // by another error
	refused // by the owner, who has no room
)

// one accepts the next connection.
func (l *Listener) one() outcome {
	if !l.events.Room() {
		return refused
	}
	fd, peer, err := l.system.accept(l.fd)
	if err == nil {
		l.failed = false
		l.events.Accepted(fd, l.family, peer)
		return took
	}
	l.events.Unused()
	return l.without(err)
}

// without is what comes of an accept that brought no connection.
func (l *Listener) without(err error) outcome {
	switch {
	case errors.Is(err, syscall.EAGAIN):
		l.failed = false
		return none
	case errors.Is(err, syscall.EINTR), errors.Is(err, syscall.ECONNABORTED):
		return skipped
	case exhausted(err):
		if l.shed(err) {
			return skipped
		}
		l.starve(err)
		return lacking
	}
	l.fail(err)
	return failed
}

// exhausted reports whether the system ran out of something.
func exhausted(err error) bool {
	for _, errno := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

func (l *Listener) starve(err error) {
	if l.starved {
		return // and has told: this is Drain
	}
	l.pause()
	l.events.Starved()
	if now := l.reactor.Now(); now >= l.silent {
		l.silent = now + int64(RetryDelay)
		l.events.Exhausted(err)
	}
}

// fail tells of an error that belongs to one connection as a rule. One that comes
// again at once may last, and would take all the time that there is.
func (l *Listener) fail(err error) {
	if l.failed {
		l.pause()
	}
	l.failed = true
	l.events.Failed(err)
}

func (l *Listener) pause() {
	l.starved = true
	l.wait()
	_ = l.reactor.Schedule(&l.timer, l.reactor.Now()+int64(RetryDelay)) // the loop runs
}

// Freed tells that the owner has given a descriptor back, or will in this turn: a
// listener that waits for one does not wait for its time then. Clients that have
// given up would cost the next one a second each otherwise.
func (l *Listener) Freed() {
	if l.starved {
		l.reactor.Cancel(&l.timer)
		l.retry()
	}
}

func (l *Listener) retry() {
	l.starved = false
	l.fill()
	l.resume()
}
