package engine

import "context"

// SockAccept takes a connection of a socket that listens: sock_accept. It returns a
// socket that does not block and is closed in programs that are started, which the
// caller has to close, and who has connected. Unlike a server it leaves the socket as
// the system has made it, without TCP_NODELAY.
//
// Connections that were aborted before are passed over. When the system has no
// descriptors left, EMFILE say, that is the error, and the connection stays in the
// queue: a program that goes on should pause first. The rules of all Sock calls hold,
// see Socket. Any goroutine.
func (l *Loop) SockAccept(ctx context.Context, s *Socket) (*Socket, Addr, error) {
	c := sockCall{op: opAccept}
	if err := l.ask(ctx, s, &c); err != nil {
		return nil, Addr{}, err
	}
	return newSocket(c.n, s.kind), c.addr, nil
}
