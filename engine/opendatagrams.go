package engine

import (
	"slices"
	"time"

	"github.com/shardloop/shardloop/engine/internal/dgram"
)

// datagramEndpoints are those of a loop that are open, each of which knows its seat,
// and what they share.
type datagramEndpoints struct {
	*dgram.Shard
	loop *Loop
	open []*datagramEndpoint

	entered time.Duration // in debug mode, when a protocol was called last
}

// datagramEndpoints makes them with the first one. Their memory is that of the
// streams, and so are its limits.
func (l *Loop) datagramEndpoints() *datagramEndpoints {
	if l.datagrams == nil {
		l.datagrams = &datagramEndpoints{loop: l, Shard: dgram.NewShard(l.r, l.transports().Pool(), dgram.Config{
			CloseTimeout: l.closing,
			Expired:      func(unsent int) error { return outOfTime("close", unsent) },
			Full:         l.transports().Full,
			Eased:        l.memory.onEase,
			Failed:       datagramsFailed,
			Panic:        func(e *dgram.Endpoint, during string, v any) { datagramsFailed(e, during, panicError(v)) },
		})}
	}
	return l.datagrams
}

func (d *datagramEndpoints) add(e *datagramEndpoint) {
	e.seat = len(d.open)
	d.open = append(d.open, e)
}

func (d *datagramEndpoints) remove(e *datagramEndpoint) {
	last := len(d.open) - 1
	moved := d.open[last]
	d.open[e.seat], moved.seat = moved, e.seat
	d.open[last] = nil
	d.open, e.seat = d.open[:last], -1
}

// Close closes the descriptors of a loop that is closed. Debug mode tells of the
// endpoints that nobody has closed.
func (d *datagramEndpoints) Close() {
	for _, e := range slices.Clone(d.open) {
		if e.made != nil && !e.IsClosing() {
			d.loop.log.Warn("a datagram endpoint was never closed"+e.made.note(), "transport", e)
		}
		e.drop()
	}
}

// datagramsFailed reports what a protocol did wrong.
func datagramsFailed(x *dgram.Endpoint, during string, err error) {
	e := x.Owner().(*datagramEndpoint)
	message := "Exception in callback protocol." + during + "()"
	if during == "pause_writing" || during == "resume_writing" {
		message = failure(during)
	}
	e.loop.CallExceptionHandler(ErrorContext{Message: message, Err: err, Transport: e, Protocol: e.protocol, Context: e.ctx})
	if during == "connection_lost" {
		e.gone()
	}
}
