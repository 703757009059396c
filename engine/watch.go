package engine

// AddReader calls fn in every turn in which fd is readable, in place of the
// reader that fd had: add_reader. It fails with an *ArgError for a negative fd
// or a nil fn, with ErrLoopClosed, or with an error that wraps what the system
// said: EBADF for a descriptor that is not open, EPERM for a regular file. Loop
// only.
func (l *Loop) AddReader(fd int, fn func()) error {
	if err := checkWatch(fd, fn); err != nil {
		return err
	}
	return l.r.AddReader(fd, invoke, fn)
}

// AddWriter is AddReader for writable: add_writer.
func (l *Loop) AddWriter(fd int, fn func()) error {
	if err := checkWatch(fd, fn); err != nil {
		return err
	}
	return l.r.AddWriter(fd, invoke, fn)
}

// RemoveReader ends what AddReader began and reports whether there was a
// reader: remove_reader. Loop only.
func (l *Loop) RemoveReader(fd int) bool { return l.r.RemoveReader(fd) }

// RemoveWriter is RemoveReader for the writer: remove_writer.
func (l *Loop) RemoveWriter(fd int) bool { return l.r.RemoveWriter(fd) }

func checkWatch(fd int, fn func()) error {
	if fd < 0 {
		return badArg("fd", "must not be negative")
	}
	if fn == nil {
		return badArg("fn", "must not be nil")
	}
	return nil
}

// invoke calls a func() that travels as an argument: a func fits an interface
// without an allocation.
func invoke(fn any) { fn.(func())() }
