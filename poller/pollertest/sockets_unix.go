//go:build unix

package pollertest

import (
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/poller"
)

// sockets is the fixture of real pollers: Unix stream socket pairs.
type sockets struct {
	t     testing.TB
	make  func() (poller.Poller, error)
	lacks poller.Ready
	open  []int
}

// OpenSockets makes fixtures on the pollers of newPoller, which do not tell the
// conditions in lacks.
func OpenSockets(newPoller func() (poller.Poller, error), lacks poller.Ready) Open {
	return func(t testing.TB) Fixture {
		s := &sockets{t: t, make: newPoller, lacks: lacks}
		t.Cleanup(func() {
			for _, fd := range s.open {
				unix.Close(fd)
			}
		})
		return s
	}
}

func (s *sockets) New() poller.Poller {
	s.t.Helper()
	p, err := s.make()
	s.must(err)
	return p
}

func (s *sockets) Lacks() poller.Ready { return s.lacks }

func (s *sockets) Pair() (a, b int) {
	s.t.Helper()
	syscall.ForkLock.RLock()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err == nil {
		unix.CloseOnExec(fds[0])
		unix.CloseOnExec(fds[1])
	}
	syscall.ForkLock.RUnlock()
	s.must(err)
	s.open = append(s.open, fds[0], fds[1])
	s.must(unix.SetNonblock(fds[0], true))
	s.must(unix.SetNonblock(fds[1], true))
	return fds[0], fds[1]
}

func (s *sockets) Write(fd, n int) int {
	s.t.Helper()
	for {
		n, err := unix.Write(fd, make([]byte, n))
		switch err {
		case unix.EINTR:
			continue
		case unix.EAGAIN, unix.ENOBUFS:
			return 0
		}
		s.must(err)
		return n
	}
}

func (s *sockets) Read(fd, n int) int {
	s.t.Helper()
	for {
		n, err := unix.Read(fd, make([]byte, n))
		switch err {
		case unix.EINTR:
			continue
		case unix.EAGAIN:
			return WouldBlock
		}
		s.must(err)
		return n
	}
}

func (s *sockets) Shutdown(fd int) {
	s.t.Helper()
	s.must(unix.Shutdown(fd, unix.SHUT_WR))
}

func (s *sockets) Dup(fd int) int {
	s.t.Helper()
	d, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	s.must(err)
	s.open = append(s.open, d)
	return d
}

func (s *sockets) Close(fd int) {
	s.t.Helper()
	s.open = slices.DeleteFunc(s.open, func(x int) bool { return x == fd })
	s.must(unix.Close(fd))
}

func (s *sockets) File() int {
	s.t.Helper()
	path := filepath.Join(s.t.TempDir(), "file")
	s.must(os.WriteFile(path, []byte("text"), 0o600))
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	s.must(err)
	s.open = append(s.open, fd)
	return fd
}

func (s *sockets) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}
