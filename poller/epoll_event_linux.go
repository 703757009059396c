package poller

import "golang.org/x/sys/unix"

// The tokens of the inner descriptors.
const (
	wakeToken  = Token(OwnIndex)
	timerToken = Token(1<<32 | OwnIndex)
)

// epollEvent is a registration in the kernel's terms. The kernel returns the
// two halves of its data field as it got them, so which is which in memory
// does not matter.
func epollEvent(t Token, i Interest) unix.EpollEvent {
	ev := unix.EpollEvent{Fd: int32(t.Index()), Pad: int32(t.Generation())}
	if i&In != 0 {
		ev.Events = unix.EPOLLIN
	}
	if i&Out != 0 {
		ev.Events |= unix.EPOLLOUT
	}
	if i&Edge != 0 {
		ev.Events |= unix.EPOLLET | unix.EPOLLRDHUP | unix.EPOLLPRI
	}
	return ev
}

func tokenOf(ev *unix.EpollEvent) Token {
	return MakeToken(uint32(ev.Fd), uint32(ev.Pad))
}

func readyOf(events uint32) Ready {
	var r Ready
	if events&unix.EPOLLIN != 0 {
		r = Readable
	}
	if events&unix.EPOLLOUT != 0 {
		r |= Writable
	}
	if events&unix.EPOLLRDHUP != 0 {
		r |= PeerClosed
	}
	if events&unix.EPOLLPRI != 0 {
		r |= Urgent
	}
	if events&unix.EPOLLHUP != 0 {
		r |= HangUp
	}
	if events&unix.EPOLLERR != 0 {
		r |= Failed
	}
	return r
}
