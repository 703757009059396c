package main

import (
	"context"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// connectTime is how long connecting may take.
const connectTime = 10 * time.Second

// half is one of the two connections that belong together. Both are on the loop that
// has accepted the front, so that nothing here needs a lock.
//
//	          front                              back
//	client --> DataReceived --> Write -----------------------> target
//	client <----------------------- Write <-- DataReceived <-- target
//
// The end of either direction is passed on as an end, and a loss as a reset. When
// both directions have ended, the back is closed, and the front after it: that way the
// server, which knows of the front alone, waits for both.
type half struct {
	engine.BaseProtocol
	to        *engine.ConnectOptions // where the front connects to; nil for the back
	transport engine.Transport
	other     *half
	ended     bool // the peer sends no more
	lost      bool
}

// newFront is the half that a client has connected to.
func newFront(to engine.ConnectOptions) *half { return &half{to: &to} }

// ConnectionMade has the front connect the back. Until that is there, what the client
// sends stays in the kernel.
func (h *half) ConnectionMade(t engine.Transport) {
	h.transport = t
	if h.to != nil {
		t.PauseReading()
		_ = engine.Go(t.Loop(), h.connect) // it fails only on a loop that is closed
	}
}

// connect is a task, because it waits.
func (h *half) connect(ctx context.Context) error {
	ctx, cancel := engine.Timeout(ctx, connectTime)
	defer cancel()
	back := &half{other: h}
	_, _, err := h.transport.Loop().CreateConnection(ctx, func() engine.Protocol { return back }, *h.to)
	switch {
	case err != nil:
		reset(h.transport)
	case h.lost:
		reset(back.transport)
	default:
		h.other = back
		h.transport.ResumeReading()
	}
	return nil
}

// DataReceived passes bytes on. An error of Write means that the other half is
// ending, which its ConnectionLost tells.
func (h *half) DataReceived(p []byte) { _, _ = h.other.transport.Write(p) }

// PauseWriting: while the peer of this half does not keep up, nothing more is read for
// it.
func (h *half) PauseWriting() { h.other.transport.PauseReading() }

// ResumeWriting undoes that.
func (h *half) ResumeWriting() { h.other.transport.ResumeReading() }

// EOFReceived passes the end on. The transports stay open, also when both directions
// have ended, until somebody closes them.
func (h *half) EOFReceived() (keepOpen bool) {
	h.ended = true
	_ = h.other.transport.WriteEOF()
	if h.other.ended {
		h.back().transport.Close()
	}
	return true
}

// back is which of the two is the back.
func (h *half) back() *half {
	if h.to == nil {
		return h
	}
	return h.other
}

// ConnectionLost ends the other half as this one was ended.
func (h *half) ConnectionLost(err error) {
	h.lost = true
	switch {
	case h.other == nil: // connect sees to it
	case err != nil:
		reset(h.other.transport)
	default:
		h.other.transport.Close()
	}
}
