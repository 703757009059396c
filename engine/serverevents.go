package engine

import (
	"github.com/shardloop/shardloop/engine/internal/accept"
	"github.com/shardloop/shardloop/engine/internal/sock"
)

// serverEvents is a Server as its listeners see it: an accept.Events, which has no
// place among the methods that programs see.
type serverEvents Server

// Room: Shutdown takes the queue whatever memory there is.
func (e *serverEvents) Room() bool {
	s := (*Server)(e)
	if s.ending == nil && s.loop.transports().Full() {
		s.hold((*accept.Listener).Press)
		return false
	}
	return s.crew == nil || s.crew.room(s)
}

func (e *serverEvents) Unused() {
	if e.crew != nil {
		e.crew.unused()
	}
}

func (e *serverEvents) Accepted(fd, family int, peer sock.Addr) {
	s := (*Server)(e)
	s.taken++
	if e := (endpoint{fd: fd, family: family, peer: peer, prompt: s.prompt}); s.crew != nil {
		s.crew.place(s, e)
	} else {
		s.admit(e)
	}
}

func (e *serverEvents) Starved() {
	if e.crew != nil {
		e.crew.spread.starved.Store(true)
	}
}

func (e *serverEvents) Exhausted(err error) {
	e.stats.Pauses++
	(*Server)(e).failed("socket.accept() out of system resource", err)
}

// Shed is reported once in the time between two reports of one that pauses.
func (e *serverEvents) Shed(err error) {
	e.stats.Shed++
	if now := e.loop.Time(); e.stats.Shed == 1 || now-e.shedTold >= accept.RetryDelay {
		e.shedTold = now
		(*Server)(e).failed("socket.accept() out of system resource", err)
	}
}

func (e *serverEvents) Failed(err error) { (*Server)(e).failed("socket.accept() failed", err) }

// failed tells of an error in accepting.
func (s *Server) failed(message string, err error) {
	s.loop.CallExceptionHandler(ErrorContext{Message: message, Err: err, Socket: s, Context: s.ctx})
}
