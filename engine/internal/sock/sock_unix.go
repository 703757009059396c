//go:build unix && !linux

package sock

import (
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

func accept(fd int) (int, Addr, error) {
	conn, from, err := acceptFD(fd)
	if err != nil {
		return -1, Addr{}, err
	}
	return conn, FromSockaddr(from), nil
}

func receive(fd int, p []byte) (int, error) {
	n, _, err := unix.Recvfrom(fd, p, unix.MSG_DONTWAIT)
	return max(n, 0), err
}

func receiveFrom(fd int, p []byte) (int, Addr, error) {
	n, from, err := unix.Recvfrom(fd, p, unix.MSG_DONTWAIT)
	if err != nil {
		return 0, Addr{}, err
	}
	return n, FromSockaddr(from), nil
}

// send leaves SIGPIPE to the runtime, which ignores it for sockets.
func send(fd int, p []byte) (int, error) {
	n, err := unix.SendmsgN(fd, p, nil, nil, unix.MSG_DONTWAIT)
	return max(n, 0), err
}

func sendTo(fd int, p []byte, to Addr) (int, error) {
	n, err := unix.SendmsgN(fd, p, nil, to.Sockaddr(), unix.MSG_DONTWAIT)
	return max(n, 0), err
}

func connect(fd int, a Addr) (pending bool, err error) {
	return connecting(unix.Connect(fd, a.Sockaddr()))
}

func bind(fd int, a Addr) error {
	return os.NewSyscallError("bind", unix.Bind(fd, a.Sockaddr()))
}

func name(fd int) (Addr, error) {
	a, err := unix.Getsockname(fd)
	return FromSockaddr(a), os.NewSyscallError("getsockname", err)
}

func peer(fd int) (Addr, error) {
	a, err := unix.Getpeername(fd)
	return FromSockaddr(a), os.NewSyscallError("getpeername", err)
}

func set(fd int, s Switch, on bool) error {
	if switches[s].name < 0 {
		return unsupported("setsockopt")
	}
	return setOption(fd, switches[s].level, switches[s].name, number(on))
}

func shutdown(fd, how int) error {
	return os.NewSyscallError("shutdown", unix.Shutdown(fd, how))
}

// Sockaddr is the address as x/sys takes it. Only what For returns without an error
// can be taken.
func (a Addr) Sockaddr() unix.Sockaddr {
	switch a.Family() {
	case Unix:
		return &unix.SockaddrUnix{Name: a.name}
	case Inet:
		return &unix.SockaddrInet4{Port: int(a.port), Addr: a.ip.As4()}
	}
	return &unix.SockaddrInet6{Port: int(a.port), ZoneId: a.scope, Addr: a.ip.As16()}
}

// FromSockaddr is an address of x/sys, or none.
func FromSockaddr(a unix.Sockaddr) Addr {
	switch a := a.(type) {
	case *unix.SockaddrUnix:
		return UnixAddr(a.Name)
	case *unix.SockaddrInet4:
		return IPAddr(netip.AddrFrom4(a.Addr), uint16(a.Port), 0)
	case *unix.SockaddrInet6:
		return IPAddr(netip.AddrFrom16(a.Addr), uint16(a.Port), a.ZoneId)
	}
	return Addr{}
}
