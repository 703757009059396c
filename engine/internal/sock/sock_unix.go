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
	return conn, decoded(from), nil
}

func connect(fd int, a Addr) (pending bool, err error) {
	return connecting(unix.Connect(fd, a.encoded()))
}

func bind(fd int, a Addr) error {
	return os.NewSyscallError("bind", unix.Bind(fd, a.encoded()))
}

func name(fd int) (Addr, error) {
	a, err := unix.Getsockname(fd)
	return decoded(a), os.NewSyscallError("getsockname", err)
}

func peer(fd int) (Addr, error) {
	a, err := unix.Getpeername(fd)
	return decoded(a), os.NewSyscallError("getpeername", err)
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

// encoded is the address as x/sys takes it.
func (a Addr) encoded() unix.Sockaddr {
	switch a.Family() {
	case Unix:
		return &unix.SockaddrUnix{Name: a.name}
	case Inet:
		return &unix.SockaddrInet4{Port: int(a.port), Addr: a.ip.As4()}
	}
	return &unix.SockaddrInet6{Port: int(a.port), ZoneId: a.scope, Addr: a.ip.As16()}
}

// decoded is an address of x/sys, or none.
func decoded(a unix.Sockaddr) Addr {
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
