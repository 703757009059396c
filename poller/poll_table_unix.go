//go:build unix

package poller

import (
	"os"

	"golang.org/x/sys/unix"
)

// pollTable is what poll(2) is asked at every call, and who asked for it.
//
//	slot[fd] -> at;  fds[at], regs[at] -> one registration;  at 0 the waker
//
// An Edge registration is one-shot in each direction: a direction that was
// reported is not asked for again until it is rearmed, or the condition would
// make every call return at once.
//
//	         reported                      hang-up, error
//	armed ------------> direction quiet        |
//	  ^                      |                 v
//	  +------- rearm --------+--------- all quiet (fd -1)
//
// poll reports hang-ups and errors unasked, hence the last state.
type pollTable struct {
	fds  []unix.PollFd
	regs []pollReg
	slot []int32 // by descriptor, which are small numbers; 0 is unregistered
}

type pollReg struct {
	Registration
	armed Ready // what is asked for; HangUp and Failed come unasked
}

const over = HangUp | Failed

func newPollTable(wake int) pollTable {
	t := pollTable{fds: make([]unix.PollFd, 1), regs: make([]pollReg, 1)}
	t.fds[0].Fd = int32(wake)
	t.fds[0].Events = unix.POLLIN
	return t
}

// add checks what the kernel would only tell at the next wait.
func (t *pollTable) add(r Registration) error {
	if _, err := unix.FcntlInt(uintptr(r.FD), unix.F_GETFD, 0); err != nil {
		return os.NewSyscallError("fcntl", err)
	}
	if _, err := t.find(r.FD); err == nil {
		return os.NewSyscallError("poll", unix.EEXIST)
	}
	for r.FD >= len(t.slot) {
		t.slot = append(t.slot, 0)
	}
	at := len(t.fds)
	t.slot[r.FD] = int32(at)
	t.fds = append(t.fds, unix.PollFd{})
	t.regs = append(t.regs, pollReg{})
	t.set(at, r)
	return nil
}

func (t *pollTable) find(fd int) (int, error) {
	if fd < 0 || fd >= len(t.slot) || t.slot[fd] == 0 {
		return 0, os.NewSyscallError("poll", unix.ENOENT)
	}
	return int(t.slot[fd]), nil
}

// set makes r the registration at at, all armed.
func (t *pollTable) set(at int, r Registration) {
	armed := directions(r.Interest)
	if r.Interest&Edge != 0 {
		armed |= PeerClosed
	}
	t.regs[at] = pollReg{r, armed}
	t.ask(at)
}

// ask writes what is armed into the kernel's terms.
func (t *pollTable) ask(at int) {
	f, r := &t.fds[at], &t.regs[at]
	*f = unix.PollFd{Fd: int32(r.FD)}
	if r.armed&Readable != 0 {
		f.Events |= unix.POLLIN
	}
	if r.armed&Writable != 0 {
		f.Events |= unix.POLLOUT
	}
	if r.armed&PeerClosed != 0 {
		f.Events |= pollPeer
	}
}

func (t *pollTable) rearm(at int, token Token, i Interest) error {
	r := &t.regs[at]
	if r.Token != token {
		return os.NewSyscallError("poll", unix.ENOENT)
	}
	if r.Interest&Edge == 0 {
		return nil
	}
	r.armed |= directions(i & r.Interest)
	if i&In != 0 {
		r.armed |= PeerClosed
	}
	t.ask(at)
	return nil
}

// drop moves the last registration into the gap.
func (t *pollTable) drop(at int) {
	last := len(t.fds) - 1
	t.slot[t.regs[last].FD] = int32(at)
	t.slot[t.regs[at].FD] = 0
	t.fds[at], t.regs[at] = t.fds[last], t.regs[last]
	t.fds, t.regs = t.fds[:last], t.regs[:last]
}

// take appends what the kernel reported to out. A descriptor that was closed
// under its registration is reported once and dropped.
func (t *pollTable) take(out []Event) []Event {
	for at := 1; at < len(t.fds); at++ {
		f, r := &t.fds[at], &t.regs[at]
		if f.Revents == 0 {
			continue
		}
		if f.Revents&unix.POLLNVAL != 0 {
			out = append(out, Event{Token: r.Token, Ready: over})
			t.drop(at)
			at--
			continue
		}
		ready := pollReady(f)
		f.Revents = 0
		if r.Interest&Edge != 0 {
			t.quieten(at, ready)
		}
		out = append(out, Event{Token: r.Token, Ready: ready})
	}
	return out
}

// quieten ends the shot of an Edge registration in what was reported.
func (t *pollTable) quieten(at int, reported Ready) {
	t.regs[at].armed &^= reported
	t.ask(at)
	if reported&over != 0 {
		t.fds[at].Fd = -1
	}
}

func directions(i Interest) Ready {
	var r Ready
	if i&In != 0 {
		r = Readable
	}
	if i&Out != 0 {
		r |= Writable
	}
	return r
}

func pollReady(f *unix.PollFd) Ready {
	var r Ready
	if f.Revents&unix.POLLIN != 0 {
		r = Readable
	}
	if f.Revents&unix.POLLOUT != 0 {
		r |= Writable
	}
	if f.Revents&pollPeer != 0 {
		r |= PeerClosed
	}
	if f.Revents&unix.POLLHUP != 0 {
		r |= HangUp
	}
	if f.Revents&unix.POLLERR != 0 {
		r |= Failed
	}
	return r
}
