package reactor

import (
	"errors"
	"syscall"

	"github.com/shardloop/shardloop/poller"
)

// watch is a user's descriptor: up to one reader and one writer behind one
// level-triggered registration. Each of them either can be replaced, as asyncio's
// readers are, or is held: then whoever comes second is refused.
//
// A callback set after this turn's poll is not run by this turn's event: the
// event is older than it. This is what makes replacing and removing a reader
// safe while its event is under way, as a cancelled handle is in asyncio.
type watch struct {
	r       *Reactor
	token   poller.Token
	fd      int
	in, out direction
	next    *watch // among the free ones
}

// direction is one side of a watch; without fn it is not watched.
type direction struct {
	call
	since uint64 // the poll after which it was set
	held  bool
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
// the reader fd had. It fails with ErrInUse where that was held, and where fd was
// attached. Loop only.
func (r *Reactor) AddReader(fd int, fn func(any), arg any) error {
	return r.watch(fd, poller.In, direction{call: call{fn, arg}})
}

// AddWriter is AddReader for writable.
func (r *Reactor) AddWriter(fd int, fn func(any), arg any) error {
	return r.watch(fd, poller.Out, direction{call: call{fn, arg}})
}

// RemoveReader ends what AddReader began and reports whether there was a
// reader that was not held. Loop only.
func (r *Reactor) RemoveReader(fd int) bool { return r.unwatch(fd, poller.In, false) }

// RemoveWriter is RemoveReader for the writer.
func (r *Reactor) RemoveWriter(fd int) bool { return r.unwatch(fd, poller.Out, false) }

// Hold is AddReader for the interest In and AddWriter for Out, for one who must be
// alone: it fails with ErrInUse where there is one already, and only Release ends
// it. It allocates nothing in the steady state. Loop only.
func (r *Reactor) Hold(fd int, i poller.Interest, fn func(any), arg any) error {
	if w, ok := r.watches[fd]; ok && w.side(i).fn != nil && !w.isOutlived() {
		return ErrInUse
	}
	return r.watch(fd, i, direction{call: call{fn, arg}, held: true})
}

// isOutlived reports whether the descriptor was closed under the watch, and the number
// is another's. poll(2) does not tell.
func (w *watch) isOutlived() bool {
	return !w.in.held && !w.out.held && errors.Is(w.r.Modify(w.token, w.interest()), syscall.ENOENT)
}

// Release ends what Hold began. Loop only.
func (r *Reactor) Release(fd int, i poller.Interest) { r.unwatch(fd, i, true) }

func (r *Reactor) watch(fd int, i poller.Interest, d direction) error {
	if r.refused != nil {
		return r.refused
	}
	w, ok := r.watches[fd]
	switch {
	case !ok:
		w = r.newWatch(fd)
	case w.side(i).held:
		return ErrInUse
	}
	if err := w.register(i); err != nil {
		if w.interest() == 0 {
			r.freeWatch(w)
		}
		return err
	}
	d.since = r.polls
	*w.side(i) = d
	return nil
}

// newWatch takes a free watch, or makes one, and puts it into the table.
func (r *Reactor) newWatch(fd int) *watch {
	w := r.spare
	if w == nil {
		w = &watch{r: r}
	}
	r.spare, w.next = w.next, nil
	w.fd = fd
	r.watches[fd] = w
	return w
}

// freeWatch takes a watch out of the table. Its slot is gone, so that no event
// finds it any more.
func (r *Reactor) freeWatch(w *watch) {
	delete(r.watches, w.fd)
	*w = watch{r: r, next: r.spare}
	r.spare = w
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

// outlived ends the watch of a number that the poller has just taken for somebody
// else: the descriptor was closed under it. It must not reach the new one.
func (r *Reactor) outlived(fd int, h Handler) {
	w, ok := r.watches[fd]
	if !ok || h == Handler(w) {
		return
	}
	if r.slots.at(w.token) != nil {
		r.slots.release(w.token.Index(), uint32(r.polls))
	}
	r.freeWatch(w)
}

func (r *Reactor) unwatch(fd int, i poller.Interest, held bool) bool {
	w, ok := r.watches[fd]
	if !ok || w.side(i).fn == nil || w.side(i).held != held {
		return false
	}
	*w.side(i) = direction{}
	rest := w.interest()
	if rest != 0 && r.Modify(w.token, rest) == nil {
		return true
	}
	_ = r.Detach(w.token) // fails for a descriptor that is closed, and so out of the set
	r.freeWatch(w)
	return true
}
