package engine

import "context"

// SockRecv receives up to n bytes: sock_recv. At the end of a stream it is io.EOF.
// It returns what has arrived, of a stream at most 256 KiB, of datagrams one; what
// does not fit is lost then. The result is the caller's, is as large as what has
// arrived, whatever n is, and is the one allocation. It fails with an *ArgError
// for a negative n. The rules of all Sock calls hold, see Socket. Any goroutine.
func (l *Loop) SockRecv(ctx context.Context, s *Socket, n int) ([]byte, error) {
	if n < 0 {
		return nil, badArg("n", "must not be negative")
	}
	c := sockCall{op: opRecv, want: n}
	err := l.ask(ctx, s, &c)
	return c.buf, err
}

// SockRecvInto is SockRecv into memory of the caller: sock_recv_into. It returns the
// number of bytes, which need not fill buf, and allocates nothing. buf is in use
// until it returns. Any goroutine.
func (l *Loop) SockRecvInto(ctx context.Context, s *Socket, buf []byte) (int, error) {
	c := sockCall{op: opRecvInto, buf: buf}
	err := l.ask(ctx, s, &c)
	return c.n, err
}

// SockRecvfrom is SockRecv that tells who has sent it: sock_recvfrom. The sender of a
// stream's bytes is not told, nor is one without an address: the zero Addr. Any
// goroutine.
func (l *Loop) SockRecvfrom(ctx context.Context, s *Socket, n int) ([]byte, Addr, error) {
	if n < 0 {
		return nil, Addr{}, badArg("n", "must not be negative")
	}
	c := sockCall{op: opRecvfrom, want: n}
	err := l.ask(ctx, s, &c)
	return c.buf, c.addr, err
}

// SockRecvfromInto is SockRecvfrom into the first n bytes of buf: sock_recvfrom_into.
// With 0 it is all of buf. It fails with an *ArgError for an n that is negative or
// beyond buf. It allocates nothing but for the name of a unix socket. Any goroutine.
func (l *Loop) SockRecvfromInto(ctx context.Context, s *Socket, buf []byte, n int) (int, Addr, error) {
	switch {
	case n < 0:
		return 0, Addr{}, badArg("n", "must not be negative")
	case n > len(buf):
		return 0, Addr{}, badArg("n", "must not be greater than the length of buf")
	case n > 0:
		buf = buf[:n]
	}
	c := sockCall{op: opRecvfromInto, buf: buf}
	err := l.ask(ctx, s, &c)
	return c.n, c.addr, err
}
