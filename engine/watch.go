package engine

import "math"

// AddReader calls fn in every turn in which fd is readable, in place of the
// reader that fd had: add_reader. fn runs in the context of the caller. It fails
// with an *ArgError for an fd that cannot be one or a nil fn, with ErrFdInUse where a
// transport has fd or a Sock call waits to read it, with ErrLoopClosed, or with an error
// that wraps what the system said: EBADF for a descriptor that is not open, EPERM for a
// regular file. The descriptor of a transport that is closing may be watched again, until
// ConnectionLost.
//
// Remove what watches a descriptor before it is closed. Where the loop waits with poll(2)
// nothing tells of the end, and a transport or a Sock call that gets the number is refused
// with ErrFdInUse until then. Loop only.
func (l *Loop) AddReader(fd FD, fn func()) error {
	h, err := l.newWatch(fd, fn)
	if err != nil {
		return err
	}
	return l.watch(fd, func(fd FD) error { return l.r.AddReader(fd, runWatch, h) })
}

// AddWriter is AddReader for writable: add_writer.
func (l *Loop) AddWriter(fd FD, fn func()) error {
	h, err := l.newWatch(fd, fn)
	if err != nil {
		return err
	}
	return l.watch(fd, func(fd FD) error { return l.r.AddWriter(fd, runWatch, h) })
}

// RemoveReader ends what AddReader began and reports whether there was a
// reader: remove_reader. An event of this turn that has not reached the reader
// yet does not reach it any more. What a transport or a Sock call watches is no
// reader: unlike in asyncio a call that waits goes on. Loop only.
func (l *Loop) RemoveReader(fd FD) bool { return l.r.RemoveReader(l.standIns.of(fd)) }

// RemoveWriter is RemoveReader for the writer: remove_writer.
func (l *Loop) RemoveWriter(fd FD) bool { return l.r.RemoveWriter(l.standIns.of(fd)) }

// newWatch is the handle of a reader or writer, which runs again and again.
func (l *Loop) newWatch(fd FD, fn func()) (*Handle, error) {
	switch {
	case fd < 0:
		return nil, badArg("fd", "must not be negative")
	case int64(fd) > math.MaxInt32:
		return nil, badArg("fd", "is beyond what the system numbers") // which would cut it to 32 bits
	}
	if err := l.check(fn); err != nil {
		return nil, err
	}
	return l.newHandle(l.ctx, fn), nil
}

func runWatch(arg any) { runAgain(arg) }

// runAgain runs a handle that runs again and again, until it is cancelled: an
// exception handler gets it, and may do that.
func runAgain(arg any) {
	if h := arg.(*Handle); !h.Cancelled() {
		h.run()
	}
}
