package engine

import "context"

// SockSendall sends all of data: sock_sendall. It returns how many bytes the system
// has taken, which are all without an error; what part of them the peer has got is
// not known after one. A peer that is gone is EPIPE or ECONNRESET, and no signal.
// data is in use until it returns. It allocates nothing. The rules of all Sock calls
// hold, see Socket. Any goroutine.
func (l *Loop) SockSendall(ctx context.Context, s *Socket, data []byte) (int, error) {
	c := sockCall{op: opSendall, buf: data}
	err := l.ask(ctx, s, &c)
	return c.n, err
}

// SockSendto sends a datagram to an address: sock_sendto. It returns the number of
// bytes, and waits while there is no room for them: where the queue of a unix socket
// is full, by trying again after 1 to 64 ms. It asks nobody for the address:
// that of a host is what GetAddrInfo finds. It fails with an *ArgError for an address
// that is not of the socket's family. Otherwise it is as SockSendall. Any goroutine.
func (l *Loop) SockSendto(ctx context.Context, s *Socket, data []byte, to Addr) (int, error) {
	if s == nil {
		return 0, badArg("s", "must not be nil")
	}
	to, err := fitting("to", to, s.Family())
	if err != nil {
		return 0, err
	}
	c := sockCall{op: opSendto, buf: data, addr: to}
	err = l.ask(ctx, s, &c)
	return c.n, err
}
