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
	// Accepted hands over a connection's descriptor, its family, and its peer.
	Accepted(fd, family int, peer sock.Addr)
	// Exhausted tells, once for each pause, that the system has no descriptor or
	// no memory left; Failed tells of any other error of an accept.
	Exhausted(err error)
	Failed(err error)
}

// RetryDelay is how long a listener leaves its queue alone after the system ran
// out of something: asyncio's ACCEPT_RETRY_DELAY.
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
	held    bool // by the owner
	starved bool // by the system
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
	return l.attach()
}

func (l *Listener) attach() error {
	if l.held || l.starved {
		l.state = waiting
		return nil
	}
	t, err := l.reactor.Attach(l.fd, l, poller.In)
	if err == nil {
		l.token, l.state = t, accepting
	}
	return err
}

func (l *Listener) detach() {
	if l.state == accepting {
		_ = l.reactor.Detach(l.token) // it was attached
		l.token = 0
	}
}

// Stop ends it; Start may follow.
func (l *Listener) Stop() {
	l.detach()
	l.reactor.Cancel(&l.timer)
	l.state, l.starved = idle, false
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

func (l *Listener) wait() {
	if l.state == accepting {
		l.detach()
		l.state = waiting
	}
}

func (l *Listener) resume() {
	if l.state == waiting && !l.held && !l.starved {
		if err := l.attach(); err != nil {
			l.events.Failed(err)
		}
	}
}

// HandleReady accepts what is in the queue.
func (l *Listener) HandleReady(*poller.Event, poller.Ready) { l.Drain(l.batch) }

// Accepting reports whether it accepts now.
func (l *Listener) Accepting() bool { return l.state == accepting }

// Drain accepts up to n connections, and reports whether the queue was emptied.
func (l *Listener) Drain(n int) (empty bool) {
	for range n {
		fd, peer, err := sock.Accept(l.fd)
		switch {
		case err == nil:
			l.events.Accepted(fd, l.family, peer)
		case errors.Is(err, syscall.EAGAIN):
			return true
		case errors.Is(err, syscall.EINTR), errors.Is(err, syscall.ECONNABORTED):
			return false
		case exhausted(err):
			l.starve(err)
			return false
		default:
			l.events.Failed(err)
			return false
		}
		if l.state != accepting {
			return false // by the owner, in Accepted
		}
	}
	return false
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
	l.starved = true
	l.wait()
	_ = l.reactor.Schedule(&l.timer, l.reactor.Now()+int64(RetryDelay)) // the loop runs
	l.events.Exhausted(err)
}

func (l *Listener) retry() {
	l.starved = false
	l.resume()
}
