package engine

import (
	"context"
	"log/slog"
	"net"
	"time"

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
	listening
	at      sock.Addr // where it listens, if that is one address and not any
	atNet   net.Addr  // at, for the errors of all connections
	accepts []*accept.Listener

	crew     *GroupServer // of which it is a shard; nil for one of its own
	number   int          // among the shards
	arriving arrivals     // from other shards

	state    serverState
	over     bool // closed, and no connection is left or can come
	conns    []*connection
	greeting []*accepted // on their way to their protocols; behind its length, spare ones
	ending   *serverEnd  // Shutdown; nil before
	listener *Listener   // that hands the connections out; nil for most
	enough   bool        // are in its queue
	stats    ServerStats
	taken    uint64        // connections that its own listeners have accepted
	shedTold time.Duration // when it was reported last that connections are shed
	waiters  waiters       // for the end
	emptied  waiters       // for no connection being left
	forever  *Future[struct{}]
}

// listening is what a server listens with.
type listening struct {
	sockets []*Socket
	views   []*TransportSocket // of sockets
	files   []*unixFile
	prompt  bool // the sockets have TCP_NODELAY, and so their connections
}

// close closes the sockets and removes their files.
func (x *listening) close(log *slog.Logger) {
	for i, k := range x.sockets {
		x.views[i].detach()
		_ = k.Close() // a listening socket has nothing to lose
	}
	removeFiles(x.files, log)
	*x = listening{}
}

// abandon is close for what no server was made of.
func (x *listening) abandon(log *slog.Logger) {
	closeAll(x.sockets)
	removeFiles(x.files, log)
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
	TimedOut uint64 // of these, that a limit has ended; Stats tells which
	Refused  uint64 // whose protocol could not be made
	Pauses   uint64 // reported ones, for lack of descriptors or memory
	Shed     uint64 // accepted and closed for that, see ServerOptions.Shed

	BytesReceived uint64 // that protocols were given
	BytesSent     uint64 // that the system has taken
}

// Add is the sum of both, for servers that belong together.
func (s ServerStats) Add(o ServerStats) ServerStats {
	return ServerStats{
		Accepted: s.Accepted + o.Accepted,
		Active:   s.Active + o.Active,
		Closed:   s.Closed + o.Closed,
		TimedOut: s.TimedOut + o.TimedOut,
		Refused:  s.Refused + o.Refused,
		Pauses:   s.Pauses + o.Pauses,
		Shed:     s.Shed + o.Shed,

		BytesReceived: s.BytesReceived + o.BytesReceived,
		BytesSent:     s.BytesSent + o.BytesSent,
	}
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
	a := accept.New(s.loop.r, k.Fd(), k.Family(), s.options.AcceptBatch, (*serverEvents)(s))
	s.accepts = append(s.accepts, a)
	if s.options.Shed {
		a.Shed()
	}
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
func (s *Server) ServeForever(ctx context.Context) error {
	_, err := tidily(ctx, s.loop, func(ctx context.Context) (struct{}, error) { return nothing(s.serveForever(ctx)) })
	return err
}

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
	s.listening.close(s.loop.log)
	if s.forever != nil {
		_ = s.forever.SetError(ErrServerClosed) // pending, or cancelled
	}
	s.tellListener()
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
func (s *Server) open() int { return len(s.conns) + len(s.greeting) }

func (s *Server) isFull() bool {
	return s.options.MaxConnections > 0 && s.open() >= s.options.MaxConnections
}

// left acts on there being one connection less.
func (s *Server) left() {
	if s.open() == s.options.MaxConnections-1 {
		s.resume()
	}
	s.freed()
	if s.crew != nil {
		s.crew.left(s)
	}
	s.settle()
}

// resume accepts again after hold, unless that is over for good, or a Listener has
// enough.
func (s *Server) resume() {
	if s.ending == nil && !s.enough {
		s.hold((*accept.Listener).Release)
	}
}

func (s *Server) hold(do func(*accept.Listener)) {
	for _, a := range s.accepts {
		do(a)
	}
}
