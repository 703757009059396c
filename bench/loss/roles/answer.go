package roles

import (
	"context"
	"errors"
)

// Plain is a Handler that does nothing, to be embedded.
type Plain struct{}

// Open does nothing.
func (Plain) Open(Conn) {}

// Data does nothing.
func (Plain) Data(Conn, []byte) {}

// End does nothing.
func (Plain) End(Conn) {}

// Lost does nothing.
func (Plain) Lost(Conn, error) {}

// echo sends back what comes.
type echo struct{ Plain }

func (echo) Data(c Conn, p []byte) { _ = c.Write(p) } // the client counts

// reply sends the payload once: at the first byte, or when the connection opens,
// or at the end of input. Afterwards it closes, or sends back what comes. When
// the connection is gone it says "end ok" or "end" and the reason.
type reply struct {
	Plain
	atOpen, atEnd  bool
	closes, stream bool
	pieces         int
	setup          Setup
	payload        []byte
	sent           bool
	err            error // what a write has told
}

// answering is a reply with its payload made beforehand.
func answering(r reply) Role {
	return func(_ context.Context, s Setup) func() Handler {
		r.setup = s
		if !r.stream {
			r.payload = Payload(s.Size)
		}
		return func() Handler { own := r; return &own }
	}
}

// Open sends when that is the moment.
func (r *reply) Open(c Conn) {
	if r.atOpen {
		r.send(c)
	}
}

// Data sends when that is the moment.
func (r *reply) Data(c Conn, p []byte) {
	switch {
	case r.atEnd:
	case r.sent && !r.closes:
		r.note(c.Write(p))
	case !r.sent:
		r.send(c)
	}
}

// End sends when that is the moment.
func (r *reply) End(c Conn) {
	if r.atEnd {
		r.send(c)
	}
}

// Lost says what has come of it.
func (r *reply) Lost(_ Conn, err error) {
	if err = errors.Join(r.err, err); err != nil {
		r.setup.Say("end %q", err)
		return
	}
	r.setup.Say("end ok")
}

func (r *reply) send(c Conn) {
	r.sent = true
	switch {
	case r.stream:
		c.Stream(Chunks(int64(r.setup.Size)))
	case r.pieces > 0:
		r.note(c.Writev(split(r.payload, r.pieces)))
	default:
		r.note(c.Write(r.payload))
	}
	if r.closes {
		c.Close()
	}
}

func (r *reply) note(err error) { r.err = errors.Join(r.err, err) }

// split cuts p into n pieces.
func split(p []byte, n int) [][]byte {
	pieces := make([][]byte, n)
	for i := range pieces {
		pieces[i] = p[i*len(p)/n : (i+1)*len(p)/n]
	}
	return pieces
}
