package load

import (
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/bench/floor"
)

// What servers do wrong.
var (
	ErrWrong = errors.New("the answer differs from the request")
	ErrMore  = errors.New("the server sent more than was asked for")
	ErrEnd   = errors.New("the server ended the connection")
)

// portsOfAddress is how many connections come from one address: the more of its
// ports are taken, the longer the kernel looks for another one.
const portsOfAddress = 4000

// from binds the nth connection to one of several addresses of this host.
func from(fd, family, nth int) error {
	if family != unix.AF_INET || nth < portsOfAddress {
		return nil
	}
	return errors.Join(
		unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1),
		unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, byte(1 + nth/portsOfAddress)}}))
}

// dial makes the nth connection, and returns a descriptor that does not block.
// It waits while the server's queue is full.
func dial(network, address string, nth int) (int, error) {
	family, to, err := resolve(network, address)
	if err != nil {
		return -1, err
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	if err := from(fd, family, nth); err != nil {
		return -1, errors.Join(os.NewSyscallError("bind", err), unix.Close(fd))
	}
	err = unix.Connect(fd, to)
	for err == unix.EINTR {
		err = unix.Connect(fd, to)
	}
	if err == unix.EISCONN {
		err = nil // what the interrupted call began
	}
	if family == unix.AF_INET {
		err = errors.Join(err, unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1))
	}
	if err = errors.Join(err, unix.SetNonblock(fd, true)); err != nil {
		return -1, errors.Join(os.NewSyscallError("connect", err), unix.Close(fd))
	}
	return fd, nil
}

func resolve(network, address string) (family int, to unix.Sockaddr, err error) {
	if network == "unix" {
		return unix.AF_UNIX, &unix.SockaddrUnix{Name: address}, nil
	}
	at, err := net.ResolveTCPAddr(network, address)
	if err != nil {
		return 0, nil, err
	}
	ip := at.IP.To4()
	if ip == nil {
		return 0, nil, fmt.Errorf("%s is no address of IPv4", address)
	}
	return unix.AF_INET, &unix.SockaddrInet4{Port: at.Port, Addr: [4]byte(ip)}, nil
}

// set is an epoll set whose events are indices, edge-triggered, so that it is
// told once of each connection.
type set struct {
	fd     int
	events [256]unix.EpollEvent
}

func newSet() (*set, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	return &set{fd: fd}, os.NewSyscallError("epoll_create1", err)
}

func (s *set) add(fd, index int) error {
	ev := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET, Fd: int32(index)}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(s.fd, unix.EPOLL_CTL_ADD, fd, &ev))
}

// wait calls ready with the index of each event, and waits for one if block is
// set.
func (s *set) wait(block bool, ready func(index int) error) error {
	timeout := 0
	if block {
		timeout = -1
	}
	n, err := unix.EpollWait(s.fd, s.events[:], timeout)
	if err != nil && err != unix.EINTR {
		return os.NewSyscallError("epoll_wait", err)
	}
	for i := 0; i < n; i++ {
		if err := ready(int(s.events[i].Fd)); err != nil {
			return err
		}
	}
	return nil
}

func (s *set) close() error { return unix.Close(s.fd) }

// read is what there is, which may be nothing; the end is an error.
func read(fd int, p []byte) (int, error) {
	n, err := floor.Read(fd, p)
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return 0, nil
	case err != nil:
		return 0, broken("read", err)
	case n == 0:
		return 0, ErrEnd
	}
	return n, nil
}

// write is as much as the kernel takes.
func write(fd int, p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n, err := floor.Write(fd, p)
	if err == unix.EAGAIN || err == unix.EINTR {
		return 0, nil
	}
	return n, broken("write", err)
}

// broken tells the end of a connection from other failures.
func broken(call string, err error) error {
	if err == unix.ECONNRESET || err == unix.EPIPE {
		return fmt.Errorf("%w: %w", ErrEnd, os.NewSyscallError(call, err))
	}
	return os.NewSyscallError(call, err)
}
