package floor

import (
	"errors"

	"golang.org/x/sys/unix"
)

// Pipe is bytes through a pipe of which one loop has both ends. A turn is a look at
// the set that holds them, a write and a read.
type Pipe struct {
	*Poll
	r, w int
	buf  [256 << 10]byte
}

// NewPipe makes the pipe and the set.
func NewPipe() (*Pipe, error) {
	poll, err := NewPoll()
	if err != nil {
		return nil, err
	}
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
		return nil, errors.Join(err, poll.Close())
	}
	p := &Pipe{Poll: poll, r: fds[0], w: fds[1]}
	in, out := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET}, unix.EpollEvent{Events: unix.EPOLLOUT | unix.EPOLLET}
	err = errors.Join(unix.EpollCtl(poll.epfd, unix.EPOLL_CTL_ADD, p.r, &in), unix.EpollCtl(poll.epfd, unix.EPOLL_CTL_ADD, p.w, &out))
	return p, err
}

// Turn writes as much of what is left as there is room for, and reads what there
// is, which it returns: it is good until the next turn.
func (p *Pipe) Turn(left []byte) (wrote int, read []byte, err error) {
	if err := p.Step(); err != nil {
		return 0, nil, err
	}
	if len(left) > 0 {
		if wrote, err = Write(p.w, left); err != nil && err != unix.EAGAIN {
			return 0, nil, err
		}
	}
	n, err := Read(p.r, p.buf[:])
	if err == unix.EAGAIN {
		err = nil
	}
	return wrote, p.buf[:n], err
}

// Close closes all.
func (p *Pipe) Close() error { return errors.Join(unix.Close(p.r), unix.Close(p.w), p.Poll.Close()) }
