package poller

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// parking lets the goroutine of an epoll set wait in the runtime's own poller:
// the set's descriptor is registered there as a file, and a wait is a read of
// that file whose "try again" is an empty fetch.
//
//	            first Park
//	unowned <---------------> owned by file, registered with the runtime
//	            next Block
//
// The registration is given up at the next Block because every event of a
// registered set also wakes a thread of the runtime, which a blocked wait has
// no use for: 85 us of processor time for a sparse event instead of 65.
type parking struct {
	file *os.File        // nil while unowned
	conn syscall.RawConn // of file
	try  func(fd uintptr) bool
	buf  []unix.EpollEvent
	n    int
	err  error

	refused bool // the runtime did not take the set; waits block instead

	guard monitorGuard
}

func newParking() *parking {
	p := &parking{}
	p.try = func(fd uintptr) bool {
		p.n, p.err = epollNow(int(fd), p.buf)
		return p.n > 0 || p.err != nil
	}
	return p
}

// enter gives fd, which is non-blocking, to the runtime, unless that is done.
// It is false where the runtime does not take it, as on a kernel that refuses
// nested sets.
func (p *parking) enter(fd *int) bool {
	if p.file != nil || p.refused {
		return !p.refused
	}
	file := os.NewFile(uintptr(*fd), "epoll")
	conn, err := file.SyscallConn()
	if err == nil {
		err = file.SetReadDeadline(time.Time{})
	}
	p.file, p.conn = file, conn
	if err != nil {
		p.refused = true
		p.leave(fd)
	}
	return !p.refused
}

// leave takes the set back from the runtime, under a new number because the
// file closes the old one. Without a free descriptor the set stays registered,
// which costs time and nothing else.
func (p *parking) leave(fd *int) {
	if p.file == nil {
		return
	}
	own, err := unix.FcntlInt(uintptr(*fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return
	}
	p.file.Close()
	p.file, p.conn = nil, nil
	*fd = own
}

// wait parks the goroutine until the set holds events.
func (p *parking) wait(buf []unix.EpollEvent) (int, error) {
	p.guard.renew()
	p.buf = buf
	if err := p.conn.Read(p.try); err != nil {
		return 0, err
	}
	return p.n, p.err
}

// close closes the set, whoever owns it.
func (p *parking) close(fd *int) error {
	p.guard.stop()
	if p.file == nil {
		return closeFD(fd)
	}
	err := p.file.Close()
	p.file, p.conn, *fd = nil, nil, -1
	return err
}
