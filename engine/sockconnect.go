package engine

import (
	"context"
	"net"
)

// SockConnect connects a socket: sock_connect. The address is written as package net
// does: "host:port", with the name of a host or a service if need be, or for a unix
// socket its path, where an at sign at the beginning stands for a zero byte. A host
// that is no IP address is looked up for the family, the type and the protocol of the
// socket, and the first address counts.
//
// It fails with an *ArgError for an address that is not of the socket's family, with
// a *net.DNSError, or with a *net.OpError that has the address. A connect whose
// caller gives up goes on in the system; a further SockConnect waits for it. The
// rules of all Sock calls hold, see Socket. Any goroutine.
func (l *Loop) SockConnect(ctx context.Context, s *Socket, address string) error {
	if s == nil {
		return badArg("s", "must not be nil")
	}
	to, err := l.addressOf(ctx, s, address)
	if err != nil {
		return err
	}
	return l.ask(ctx, s, &sockCall{op: opConnect, addr: to})
}

// addressOf is the address for a socket.
func (l *Loop) addressOf(ctx context.Context, s *Socket, address string) (Addr, error) {
	if s.Family() == AFUnix {
		return addrFor("address", &net.UnixAddr{Name: address}, AFUnix)
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return Addr{}, badArg("address", "must be a host and a port: "+err.Error())
	}
	service, err := parsePort("address", port)
	if err != nil {
		return Addr{}, err
	}
	hints := addrHints{family: s.Family(), typ: s.Type(), proto: s.Proto()}
	infos := numericInfos(host, service, hints)
	if len(infos) == 0 {
		infos, err = perform(ctx, l, func(ctx context.Context) ([]AddrInfo, error) {
			return l.addresses(ctx, l.lookup, host, service, hints)
		})
	}
	if err != nil {
		return Addr{}, err
	}
	return infos[0].Addr, nil
}
