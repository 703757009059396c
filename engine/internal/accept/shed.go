package accept

// reserve is a descriptor that a listener keeps for when there is no other: given
// up for a moment, it lets a connection be accepted and closed, so that the client
// learns at once that it is not served.
//
//	none --- fill ---> kept --- lend ---> none
//
// Another goroutine may take what is given up. Then none is left until fill finds
// one, and the listener pauses like one that has no reserve.
type reserve struct {
	wanted bool
	kept   bool
	fd     int
}

// Shed makes the listener close connections that it has no descriptor for, in
// place of leaving them in the queue. Before Start.
func (l *Listener) Shed() { l.reserve.wanted = true }

// fill takes a descriptor, if one is wanted and missing.
func (l *Listener) fill() {
	r := &l.reserve
	if !r.wanted || r.kept {
		return
	}
	fd, err := l.system.reserve(l.fd)
	r.fd, r.kept = fd, err == nil
}

// lend gives the descriptor up and reports whether there was one.
func (l *Listener) lend() bool {
	if !l.reserve.kept {
		return false
	}
	l.reserve.kept = false
	_ = l.system.close(l.reserve.fd) // nothing was ever done with it
	return true
}

// shed accepts the next connection by means of the reserve and closes it. It
// reports whether it did.
func (l *Listener) shed(cause error) bool {
	if !l.lend() {
		return false
	}
	fd, _, err := l.system.accept(l.fd)
	if err == nil {
		_ = l.system.close(fd) // refused, for lack of resources
	}
	l.fill()
	if err != nil {
		return false
	}
	l.events.Shed(cause)
	return true
}
