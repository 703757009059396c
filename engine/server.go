package engine

import (
	"context"

	"github.com/shardloop/shardloop/engine/internal/accept"
	"github.com/shardloop/shardloop/engine/internal/sock"
)

// Server listens, makes a transport and a protocol for each connection that
// comes, and knows those that are open: asyncio's Server. CreateServer and
// CreateUnixServer make it. Its methods are loop only, but for StartServing,
// ServeForever, WaitClosed and Shutdown, which wait, and may be called as Await.
//
//	        StartServing             Close
//	bound ---------------> serving ---------> closed
//	  |                                         ^
//	  +------------------ Close ----------------+
//
// Connections live on after Close; WaitClosed waits for their end.
type Server struct {
	loop    *Loop
	ctx     context.Context // of whoever made the server
	factory ProtocolFactory
	options ServerOptions
	sockets []*Socket
	views   []*TransportSocket
	accepts []*accept.Listener
	files   []unixFile

	state    serverState
	conns    []*connection
	greeting int               // accepted, on their way to their protocols
	ending   func(*connection) // what Shutdown does with those; nil before
	stats    ServerStats
	waiters  waiters // for the end
	emptied  waiters // for no connection being left
	forever  *Future[struct{}]
}

type serverState uint8

const (
	serverBound serverState = iota
	serverServing
	serverClosed
)

func (s serverState) String() string { return [...]string{"bound", "serving", "closed"}[s] }

// ServerStats counts what a server has done.
type ServerStats struct {
	Accepted uint64 // connections: Active, Closed and Refused
	Active   int    // that are open, or about to be
	Closed   uint64 // that are gone
	Refused  uint64 // whose protocol could not be made
	Pauses   uint64 // for lack of descriptors or memory
}

// Loop is the loop that the server accepts on: get_loop. Any goroutine.
func (s *Server) Loop() *Loop { return s.loop }

// IsServing reports whether the server accepts connections: is_serving.
func (s *Server) IsServing() bool { return s.state == serverServing }

// Stats are the counts so far.
func (s *Server) Stats() ServerStats {
	stats := s.stats
	stats.Active = s.open()
	return stats
}

// Sockets are the listening sockets, none after Close: sockets.
func (s *Server) Sockets() []*TransportSocket {
	return append([]*TransportSocket{}, s.views...)
}

// String shows the state.
func (s *Server) String() string { return "<Server " + s.state.String() + ">" }

// StartServing begins to accept: start_serving. A second call does nothing; on a
// closed server it is ErrServerClosed.
func (s *Server) StartServing(ctx context.Context) error {
	_, err := perform(ctx, s.loop, func(ctx context.Context) (struct{}, error) {
		if err := s.serve(); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, Sleep(ctx, 0) // so that the listeners are watched
	})
	return err
}

func (s *Server) serve() error {
	switch s.state {
	case serverClosed:
		return ErrServerClosed
	case serverServing:
		return nil
	}
	for _, k := range s.sockets {
		if err := s.listen(k); err != nil {
			s.stop()
			return err
		}
	}
	s.state = serverServing
	return nil
}

func (s *Server) listen(k *Socket) error {
	if err := k.Listen(s.options.Backlog); err != nil {
		return err
	}
	a := accept.New(s.loop.r, k.Fd(), k.Family(), s.options.AcceptBatch, s)
	s.accepts = append(s.accepts, a)
	return a.Start()
}

func (s *Server) stop() {
	for _, a := range s.accepts {
		a.Stop()
	}
	s.accepts = nil
}

// ServeForever serves until it is cancelled, then closes the server and waits for
// its connections: serve_forever. It fails with ErrServerClosed on a closed
// server, with the same, but when the connections are gone, if the server is closed
// meanwhile, and with ErrServing when another call is under way. A second
// cancellation ends the wait.
func (s *Server) ServeForever(ctx context.Context) error { return s.finish(ctx, s.serveForever) }

func (s *Server) serveForever(ctx context.Context) error {
	if s.forever != nil {
		return ErrServing
	}
	if err := s.serve(); err != nil {
		return err
	}
	s.forever = NewFuture[struct{}](s.loop)
	defer func() { s.forever = nil }()
	_, err := Await(ctx, s.forever)
	s.Close()
	_ = s.WaitClosed(context.WithoutCancel(ctx)) // its end is told already
	return err
}

// Close stops to accept and closes the listening sockets: close. What the kernel
// has queued is refused; Shutdown takes it first. What was accepted is served,
// also if its protocol is still to be made. A second call does nothing.
func (s *Server) Close() {
	if s.state == serverClosed {
		return
	}
	s.state = serverClosed
	s.stop()
	for i, k := range s.sockets {
		s.views[i].detach()
		_ = k.Close() // a listening socket has nothing to lose
	}
	s.sockets, s.views = nil, nil
	s.removeFiles()
	if s.forever != nil {
		_ = s.forever.SetError(ErrServerClosed) // pending, or cancelled
	}
	s.settle()
}

// CloseClients closes all connections that were accepted: close_clients.
func (s *Server) CloseClients() { s.eachClient((*connection).Close) }

// AbortClients aborts all connections that were accepted: abort_clients.
func (s *Server) AbortClients() { s.eachClient((*connection).Abort) }

func (s *Server) eachClient(do func(*connection)) {
	for _, c := range append([]*connection(nil), s.conns...) {
		do(c)
	}
}

// accepted is a connection on the way to its protocol.
type accepted struct {
	server *Server
	endpoint
}

// Accepted is told by a listener. The protocol is made in the next turn, as by
// the task that asyncio makes for each connection.
func (s *Server) Accepted(fd, family int, peer sock.Addr) {
	if s.loop.r.Soon(greet, &accepted{s, endpoint{fd, family, peer}}) != nil {
		_ = sock.Close(fd) // the loop is closed
		return
	}
	s.stats.Accepted++
	s.greeting++
	if s.isFull() {
		s.hold((*accept.Listener).Hold)
	}
}

func greet(arg any) {
	a := arg.(*accepted)
	s := a.server
	s.loop.ctx = s.ctx
	p, err := makeProtocol(s.factory)
	s.loop.ctx = s.loop.base
	s.greeting--
	if err != nil {
		s.refuse(a.fd, err)
		return
	}
	s.attach(s.loop.newConnection(a.endpoint, p, s.ctx, nil))
}

func (s *Server) refuse(fd int, err error) {
	_ = sock.Close(fd) // nobody has it
	s.stats.Refused++
	s.left()
	s.loop.CallExceptionHandler(ErrorContext{
		Message: "Error on transport creation for incoming connection", Err: err, Context: s.ctx,
	})
}

// attach and detach keep the list of connections, in which each knows its place.
func (s *Server) attach(c *connection) {
	c.server, c.place = s, int32(len(s.conns))
	s.conns = append(s.conns, c)
	if s.ending != nil {
		s.endLate(c)
	}
}

func (s *Server) detach(c *connection) {
	last := len(s.conns) - 1
	moved := s.conns[last]
	s.conns[c.place], moved.place = moved, c.place
	s.conns[last] = nil
	s.conns = s.conns[:last]
	s.stats.Closed++
	s.left()
}

// open is how many connections there are.
func (s *Server) open() int { return len(s.conns) + s.greeting }

func (s *Server) isFull() bool {
	return s.options.MaxConnections > 0 && s.open() >= s.options.MaxConnections
}

// left acts on there being one connection less.
func (s *Server) left() {
	if s.ending == nil && s.open() == s.options.MaxConnections-1 {
		s.hold((*accept.Listener).Release)
	}
	s.settle()
}

func (s *Server) hold(do func(*accept.Listener)) {
	for _, a := range s.accepts {
		do(a)
	}
}

// Exhausted is told by a listener.
func (s *Server) Exhausted(err error) {
	s.stats.Pauses++
	s.loop.CallExceptionHandler(ErrorContext{
		Message: "socket.accept() out of system resource", Err: err, Socket: s, Context: s.ctx,
	})
}

// Failed is told by a listener.
func (s *Server) Failed(err error) {
	s.loop.CallExceptionHandler(ErrorContext{Message: "socket.accept() failed", Err: err, Socket: s, Context: s.ctx})
}
