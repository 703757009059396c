package engine

import (
	"errors"

	"github.com/shardloop/shardloop/engine/internal/sock"
)

// standIns are the descriptors by which the user watches those of transports
// that are closing, by the number that the user gave. asyncio keeps a descriptor from
// its users only until its transport is closing; but the transport still watches it, to
// send what is left, and a poller takes a number once. So the user's reader and writer
// are on a duplicate, which ends with the transport.
type standIns map[FD]FD

// of is the number that the poller knows fd by.
func (d standIns) of(fd FD) FD {
	if own, ok := d[fd]; ok {
		return own
	}
	return fd
}

// watch calls add with the number to watch fd by.
func (l *Loop) watch(fd FD, add func(FD) error) error {
	err := add(l.standIns.of(fd))
	if !errors.Is(err, ErrFdInUse) || !l.isClosing(fd) {
		return err
	}
	own, err := sock.Dup(fd)
	if err != nil {
		return err
	}
	if err := add(own); err != nil {
		return errors.Join(err, sock.Close(own))
	}
	if l.standIns == nil {
		l.standIns = make(standIns)
	}
	l.standIns[fd] = own
	return nil
}

// isClosing reports whether fd is that of a transport that is closing. It looks at
// all of them: nobody asks but who watches a descriptor that he has given away.
func (l *Loop) isClosing(fd FD) bool {
	if l.streams != nil {
		for _, c := range l.streams.open {
			if c.Fd() == fd {
				return c.IsClosing()
			}
		}
	}
	if l.datagrams != nil {
		for _, e := range l.datagrams.open {
			if e.Fd() == fd {
				return e.IsClosing()
			}
		}
	}
	return false
}

// unwatchClosed ends the duplicate of a descriptor that is closed next.
func (l *Loop) unwatchClosed(fd FD) {
	own, ok := l.standIns[fd]
	if !ok {
		return
	}
	delete(l.standIns, fd)
	l.r.RemoveReader(own)
	l.r.RemoveWriter(own)
	_ = sock.Close(own) // nothing was written by it
}
