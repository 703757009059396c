package servers

import "github.com/shardloop/shardloop/engine"

// engineSink is a connection that reads and discards.
type engineSink struct {
	pong
	intake Intake
}

func (s *engineSink) DataReceived(p []byte) {
	if answer := s.intake.Take(p); answer != nil {
		_, _ = s.transport.Write(answer) // the client tells
	}
}

// engineSource is a connection that sends as long as its client keeps up.
type engineSource struct {
	pong
	outlet Outlet
	paused bool
}

func (s *engineSource) DataReceived(p []byte) {
	s.outlet.Ask(p)
	s.fill()
}

func (s *engineSource) PauseWriting() { s.paused = true }

func (s *engineSource) ResumeWriting() {
	s.paused = false
	s.fill()
}

func (s *engineSource) fill() {
	for !s.paused && !s.transport.IsClosing() {
		p := s.outlet.Next()
		if len(p) == 0 {
			return
		}
		_ = s.transport.WriteOwned(p, nil) // the client tells
	}
}

var _ engine.FlowController = (*engineSource)(nil)
