package reactor

import (
	"errors"
	"syscall"

	"github.com/shardloop/shardloop/poller"
)

// watch is a user's descriptor: up to one reader and one writer behind one
// level-triggered registration.
//
// A callback set after this turn's poll is not run by this turn's event: the
// event is older than it. This is what makes replacing and removing a reader
// safe while its event is under way, as a cancelled handle is in asyncio.
type watch struct {
	r       *Reactor
	token   poller.Token
	fd      int
	in, out direction
}

// direction is one side of a watch; without fn it is not watched.
type direction struct {
	call
	since uint64 // the poll after which it was set
}

const (
	readerBits = ^poller.Writable
	writerBits = ^poller.Readable
)

// HandleReady runs the reader, then the writer. Hang-ups and errors wake both.
func (w *watch) HandleReady(ev *poller.Event, ready poller.Ready) {
	if ready&readerBits != 0 && w.in.runs(w.r) {
		if ready&writerBits != 0 {
			ev.Ready = poller.Writable
		}
		w.in.fn(w.in.arg)
		return
	}
	if ready&writerBits != 0 && w.out.runs(w.r) {
		w.out.fn(w.out.arg)
	}
}

// runs reports whether an event of the present poll may run d.
func (d *direction) runs(r *Reactor) bool { return d.fn != nil && d.since != r.polls }

func (w *watch) interest() (i poller.Interest) {
	if w.in.fn != nil {
		i |= poller.In
	}
	if w.out.fn != nil {
		i |= poller.Out
	}
	return i
}

// side picks the direction that i names.
func (w *watch) side(i poller.Interest) *direction {
	if i == poller.In {
		return &w.in
	}
	return &w.out
}

// AddReader calls fn(arg) in every turn in which fd is readable, in place of
// the reader fd had. Loop only.
func (r *Reactor) AddReader(fd int, fn func(any), arg any) error {
	return r.watch(fd, poller.In, call{fn, arg})
}

// AddWriter is AddReader for writable.
func (r *Reactor) AddWriter(fd int, fn func(any), arg any) error {
	return r.watch(fd, poller.Out, call{fn, arg})
}

// RemoveReader ends what AddReader began and reports whether there was a
// reader. Loop only.
func (r *Reactor) RemoveReader(fd int) bool { return r.unwatch(fd, poller.In) }

// RemoveWriter is RemoveReader for the writer.
func (r *Reactor) RemoveWriter(fd int) bool { return r.unwatch(fd, poller.Out) }

func (r *Reactor) watch(fd int, i poller.Interest, c call) error {
	if r.refused != nil {
		return r.refused
	}
	w, ok := r.watches[fd]
	if !ok {
		w = &watch{r: r, fd: fd}
	}
	if err := w.register(i); err != nil {
		if w.interest() == 0 {
			delete(r.watches, fd)
		}
		return err
	}
	*w.side(i) = direction{c, r.polls}
	r.watches[fd] = w
	return nil
}

// register adds i to what the poller watches. A descriptor that was closed and
// opened anew under a watch is unknown to the poller: it gets a slot of its own,
// and the other side, which was meant for the old one, is gone.
func (w *watch) register(i poller.Interest) error {
	err := w.r.Modify(w.token, w.interest()|i)
	if !errors.Is(err, syscall.ENOENT) {
		return err
	}
	w.r.Forget(w.token)
	w.in, w.out = direction{}, direction{}
	w.token, err = w.r.Attach(w.fd, w, i)
	return err
}

func (r *Reactor) unwatch(fd int, i poller.Interest) bool {
	w, ok := r.watches[fd]
	if !ok || w.side(i).fn == nil {
		return false
	}
	*w.side(i) = direction{}
	rest := w.interest()
	if rest != 0 && r.Modify(w.token, rest) == nil {
		return true
	}
	delete(r.watches, fd)
	_ = r.Detach(w.token) // fails for a descriptor that is closed, and so out of the set
	return true
}
