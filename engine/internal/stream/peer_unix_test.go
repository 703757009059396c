//go:build unix

package stream

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// peer is the other end: a bare descriptor that does not block.
type peer struct {
	t       testing.TB
	fd      int
	in, out sum
	ended   bool
	shut    bool
	err     error
}

func newPeer(t testing.TB, fd int) *peer {
	p := &peer{t: t, fd: fd}
	t.Cleanup(p.close)
	return p
}

var scratch = make([]byte, 64<<10)

// read reads what there is.
func (p *peer) read() {
	for !p.ended && p.err == nil && p.readOnce(scratch) {
	}
}

func (p *peer) readOnce(buf []byte) bool {
	n, err := unix.Read(p.fd, buf)
	switch {
	case err == unix.EAGAIN:
		return false
	case err != nil:
		p.err = err
	case n == 0:
		p.ended = true
	default:
		p.in.add(buf[:n])
	}
	return err == nil
}

// write writes as much of b as there is room for.
func (p *peer) write(b []byte) int {
	n, err := unix.Write(p.fd, b)
	if err == unix.EAGAIN {
		return 0
	}
	must(p.t, err)
	p.out.add(b[:n])
	return n
}

func (p *peer) shutdown() {
	must(p.t, unix.Shutdown(p.fd, unix.SHUT_WR))
	p.shut = true
}

// reset makes a TCP connection end with an error at the other side.
func (p *peer) reset() {
	l := unix.Linger{Onoff: 1, Linger: 0}
	must(p.t, unix.SetsockoptLinger(p.fd, unix.SOL_SOCKET, unix.SO_LINGER, &l))
	p.close()
}

func (p *peer) close() {
	if p.fd >= 0 {
		must(p.t, unix.Close(p.fd))
		p.fd = -1
	}
}

func unixPair(t testing.TB) (int, int) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	must(t, err)
	nonblock(t, fds[0], fds[1])
	return fds[0], fds[1]
}

// smallPair is a pair whose kernel takes little.
func smallPair(t testing.TB) (int, int) {
	a, b := unixPair(t)
	must(t, unix.SetsockoptInt(a, unix.SOL_SOCKET, unix.SO_SNDBUF, 4<<10))
	return a, b
}

func tcpPair(t testing.TB) (int, int) {
	l, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	must(t, err)
	defer unix.Close(l)
	must(t, unix.Bind(l, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	must(t, unix.Listen(l, 1))
	at, err := unix.Getsockname(l)
	must(t, err)
	b, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	must(t, err)
	must(t, unix.Connect(b, at))
	a, _, err := unix.Accept(l)
	must(t, err)
	nonblock(t, a, b)
	return a, b
}

// pipe returns the read end and the write end.
func pipe(t testing.TB) (int, int) {
	var fds [2]int
	must(t, unix.Pipe(fds[:]))
	nonblock(t, fds[0], fds[1])
	return fds[0], fds[1]
}

func nonblock(t testing.TB, fds ...int) {
	for _, fd := range fds {
		must(t, os.NewSyscallError("fcntl", unix.SetNonblock(fd, true)))
	}
}
