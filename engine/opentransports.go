package engine

import (
	"net"
	"time"

	"github.com/shardloop/shardloop/buffers"
	"github.com/shardloop/shardloop/engine/internal/stream"
)

// transports are those of a loop that are open, each of which knows its seat, and
// what they share.
type transports struct {
	*stream.Shard
	loop    *Loop
	open    []*connection
	reading *buffers.Pool // blocks of StreamReaders

	entered time.Duration // in debug mode, when a protocol was called last
}

// transports makes them with the first one.
func (l *Loop) transports() *transports {
	if l.streams == nil {
		l.streams = &transports{loop: l, reading: buffers.NewPool(keptForStreams), Shard: stream.NewShard(l.r, buffers.NewPool(0), stream.Config{
			Linger:       l.linger,
			CloseTimeout: l.closing,
			MemoryLimit:  l.memory.limit,
			Budget:       l.memory.budget,
			Eased:        l.eased,
			Expired:      outOfTime,
			Failed:       streamFailed,
			Panic:        func(s *stream.Stream, during string, v any) { streamFailed(s, during, panicError(v)) },
			Describe:     func(s *stream.Stream, e *net.OpError) { connectionOf(s).describe(e) },
		})}
	}
	return l.streams
}

// connectionOf is the connection that a stream is part of.
func connectionOf(s *stream.Stream) *connection {
	if p, ok := s.Owner().(*pipe); ok {
		return &p.connection
	}
	return s.Owner().(*connection)
}

func (t *transports) add(c *connection) {
	c.seat = int32(len(t.open))
	t.open = append(t.open, c)
}

func (t *transports) remove(c *connection) {
	last := len(t.open) - 1
	moved := t.open[last]
	t.open[c.seat], moved.seat = moved, c.seat
	t.open[last] = nil
	t.open, c.seat = t.open[:last], -1
}

// Close closes the descriptors of a loop that is closed. Debug mode tells of the
// transports that nobody has closed.
func (t *transports) Close() {
	for len(t.open) > 0 {
		c := t.open[len(t.open)-1]
		if c.made != nil && !c.IsClosing() {
			t.loop.log.Warn("a transport was never closed"+c.made.note(), "transport", c.transport())
		}
		c.drop()
	}
	t.Shard.Close()
}

// announce notes in debug mode where the transport was made, and logs it.
func (c *connection) announce() {
	made := callers()
	c.made = &made
	c.loop.log.Debug("new connection", "transport", c.transport(), "protocol", c.protocol, "peer", c.peer)
}

// streamFailed reports what a protocol did wrong.
func streamFailed(s *stream.Stream, during string, err error) {
	c := connectionOf(s)
	c.loop.CallExceptionHandler(ErrorContext{
		Message: failure(during), Err: err, Transport: c.transport(), Protocol: c.protocol, Context: c.ctx,
	})
	if during == "connection_lost" {
		c.gone()
	}
}

// failure is asyncio's message for a panic in one of a protocol's methods, and for
// an error of a pipe.
func failure(during string) string {
	switch during {
	case "connection_made", "connection_lost":
		return "Exception in callback protocol." + during + "()"
	case "pause_writing", "resume_writing":
		return "protocol." + during + "() failed"
	case "read":
		return "Fatal read error on pipe transport"
	case "release":
		return "Exception in the release of what was written"
	}
	return "Fatal error: protocol." + during + "() call failed."
}
