package engine

import (
	"cmp"
	"context"
	"net"
	"time"

	"github.com/shardloop/shardloop/engine/internal/reactor"
	"github.com/shardloop/shardloop/engine/internal/sock"
	"github.com/shardloop/shardloop/poller"
)

// sockWait is a call that waits for a Socket to be ready, in a task of the loop.
//
//	         readable or writable, the socket is closed
//	waiting ----------------------------------------------> trying -> done
//	   |  ^                                                   |
//	   |  +----------------- there is nothing ----------------+
//	   +---- the task is cancelled, ctx ends, the loop is closed ----> done
//
// The system is asked in the task, not when the event comes: so a task that is
// cancelled in between has taken nothing. The descriptor is registered with the
// loop only while the call waits; the event and a cancellation both end that at
// once, so that the next call finds it free.
//
// A goroutine elsewhere has a task made for it, which may be in the middle of a try
// when that goroutine gives up. The socket's mutex decides: either the try is over,
// then the goroutine gets its outcome; or it has no effect any more, and the
// buffers are the caller's again.
type sockWait struct {
	sock *Socket
	loop *Loop

	call      sockCall // guarded by the socket's mutex, like all up to the gap
	err       error    // what came of it
	done      bool
	abandoned bool

	task    *task // loop only, as what follows
	waiting bool
	watched bool  // registered
	cut     error // of a cancellation
	again   reactor.Timer
	next    *sockWait
}

// waitHere goes on with a call that has found nothing, in a task of the loop.
func (l *Loop) waitHere(ctx context.Context, t *task, s *Socket, c *sockCall) error {
	w := l.sockWait()
	w.sock, w.call = s, *c
	err := w.serve(ctx, t)
	*c = w.call
	w.free()
	return err
}

// sockWait takes a free one, or makes one.
func (l *Loop) sockWait() *sockWait {
	w := l.sockWaits
	if w == nil {
		return &sockWait{loop: l}
	}
	l.sockWaits, w.next = w.next, nil
	return w
}

func (w *sockWait) free() {
	l := w.loop
	*w = sockWait{loop: l, next: l.sockWaits}
	l.sockWaits = w
}

// waitElsewhere is waitHere for other goroutines, and for tasks of other loops.
func (l *Loop) waitElsewhere(ctx context.Context, s *Socket, c *sockCall) error {
	w := &sockWait{sock: s, loop: l, call: *c}
	_, err := submit(l, context.WithoutCancel(ctx), func(ctx context.Context) (struct{}, error) {
		return struct{}{}, w.serve(ctx, taskOf(ctx))
	}).awaitAnywhere(ctx)
	*c, err = w.giveUp(err)
	return err
}

// giveUp is the outcome of the call if it is over; or else it never will be, and
// err is why.
func (w *sockWait) giveUp(err error) (sockCall, error) {
	w.sock.mu.Lock()
	over, failed, call := w.done, w.err, w.call
	w.abandoned = true
	w.sock.mu.Unlock()
	if over {
		err = w.sock.told(&call, failed)
	}
	return call, err
}

// serve tries again whenever the socket is ready, until something came of it.
func (w *sockWait) serve(ctx context.Context, t *task) error {
	if err := w.sock.claim(w); err != nil {
		return w.sock.told(&w.call, err)
	}
	defer w.sock.release(w)
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		if err := w.ready(ctx, t, pause); err != nil {
			return err
		}
		if err := w.try(); !waits(err) {
			return w.sock.told(&w.call, err)
		}
	}
}

// ready waits until another try is worth it.
func (w *sockWait) ready(ctx context.Context, t *task, pause time.Duration) error {
	if w.untold() {
		return w.pause(ctx, t, pause)
	}
	if err := w.watch(); err != nil {
		return w.sock.told(&w.call, err)
	}
	return w.wait(ctx, t)
}

// untold reports whether nothing tells when another try is worth it: the queue of a
// unix socket elsewhere is full. One that is not connected is writable all the while.
func (w *sockWait) untold() bool {
	switch w.call.op {
	case opConnect:
		return !w.call.begun
	case opSendto:
		return w.sock.kind.Family == AFUnix
	}
	return false
}

// pause suspends the task for a while.
func (w *sockWait) pause(ctx context.Context, t *task, d time.Duration) error {
	w.again.Init(wakeSockWait, w)
	_ = w.loop.r.Schedule(&w.again, int64(after(w.loop.Time(), d))) // a closed loop ends the wait
	err := w.wait(ctx, t)
	w.loop.r.Cancel(&w.again)
	return err
}

// try asks the system, unless nobody wants to know.
func (w *sockWait) try() error {
	s := w.sock
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case w.abandoned:
		return ErrCancelled
	case !s.live:
		w.err = net.ErrClosed
	default:
		w.err = w.call.try(s.fd, s.kind)
	}
	w.done = !waits(w.err)
	return w.err
}

// wait suspends the task until wake.
func (w *sockWait) wait(ctx context.Context, t *task) error {
	unbind, err := t.bind(ctx)
	if err == nil {
		w.task, w.waiting, w.cut = t, true, nil
		err = cmp.Or(t.wait(unbind, w), w.cut)
		w.waiting = false
	}
	w.unwatch()
	return err
}

// watch registers the descriptor.
func (w *sockWait) watch() error {
	s := w.sock
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.live {
		return net.ErrClosed
	}
	err := w.loop.r.Hold(s.fd, w.interest(), wakeSockWait, w)
	if err == nil {
		w.watched = true
		s.claims.watched++
	}
	return err
}

// unwatch undoes watch, and closes a descriptor that was left to it.
func (w *sockWait) unwatch() {
	if !w.watched {
		return
	}
	w.watched = false
	s := w.sock
	s.mu.Lock()
	w.loop.r.Release(s.fd, w.interest())
	s.claims.watched--
	last := s.claims.orphan && s.claims.watched == 0
	s.mu.Unlock()
	if last {
		_ = sock.Close(s.fd) // Close has returned
	}
}

func (w *sockWait) interest() poller.Interest {
	if w.call.op.direction() == writing {
		return poller.Out
	}
	return poller.In
}

func wakeSockWait(arg any) { arg.(*sockWait).wake() }

// wake ends the wait, if there is one.
func (w *sockWait) wake() {
	if !w.waiting {
		return
	}
	w.waiting = false
	w.unwatch()
	_ = w.loop.r.Soon(stepTask, w.task) // a closed loop ends the wait
}

// Cancel ends the wait. The direction is free at once, before the task knows.
func (w *sockWait) Cancel(cause error) bool {
	if !w.waiting {
		return false
	}
	w.cut = cancellationOf(cause)
	w.sock.mu.Lock()
	w.abandoned = true
	w.sock.mu.Unlock()
	w.wake()
	return true
}

// Cancelled reports whether the wait was ended.
func (w *sockWait) Cancelled() bool { return w.cut != nil }
