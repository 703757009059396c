package engine

import (
	"github.com/shardloop/shardloop/engine/internal/accept"
	"github.com/shardloop/shardloop/engine/internal/sock"
)

// accepted is a connection on the way to its protocol, which knows its place.
type accepted struct {
	server *Server
	endpoint
	place int32
}

// admit makes the protocol in the next turn, as by the task that asyncio makes for
// each connection.
func (s *Server) admit(e endpoint) {
	_ = s.loop.r.Soon(greet, s.awaited(e)) // the loop runs
	s.stats.Accepted++
	if s.isFull() {
		s.hold((*accept.Listener).Hold)
	}
}

// awaited adds to greeting.
func (s *Server) awaited(e endpoint) *accepted {
	n := len(s.greeting)
	if n == cap(s.greeting) || s.greeting[:n+1][n] == nil {
		s.greeting = append(s.greeting, new(accepted))
	} else {
		s.greeting = s.greeting[:n+1]
	}
	a := s.greeting[n]
	*a = accepted{s, e, int32(n)}
	return a
}

func greet(arg any) {
	a := arg.(*accepted)
	s := a.server
	s.loop.ctx = s.ctx
	p, err := makeProtocol(s.factory)
	s.loop.ctx = s.loop.base
	e := a.endpoint
	s.greeted(a)
	if err != nil {
		s.refuse(e.fd, err)
		return
	}
	s.attach(s.loop.newConnection(e, p, s.ctx, nil))
	s.tellListener()
}

func (s *Server) greeted(a *accepted) {
	last := len(s.greeting) - 1
	moved := s.greeting[last]
	s.greeting[a.place], moved.place = moved, a.place
	s.greeting[last] = a
	s.greeting = s.greeting[:last]
	*a = accepted{}
}

func (s *Server) refuse(fd int, err error) {
	_ = sock.Close(fd) // nobody has it
	s.stats.Refused++
	s.left()
	s.tellListener()
	s.loop.CallExceptionHandler(ErrorContext{
		Message: "Error on transport creation for incoming connection", Err: err, Context: s.ctx,
	})
}
