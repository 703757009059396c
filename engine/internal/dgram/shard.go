package dgram

import (
	"time"

	"github.com/shardloop/shardloop/buffers"
	"github.com/shardloop/shardloop/engine/internal/reactor"
)

// Config is what the endpoints of a loop have in common. Failed and Panic are
// needed.
type Config struct {
	// CloseTimeout is how long an endpoint that was closed may take to send what is
	// left. Zero is for ever. Expired makes its error, which gives up so many bytes.
	CloseTimeout time.Duration
	Expired      func(unsent int) error

	// Failed is told that a callback of an endpoint has failed, and in what; the
	// endpoint goes on, unless it was the last.
	Failed func(e *Endpoint, during string, err error)

	// Panic is Failed for a panic that was recovered here, with its value. It is
	// called in the deferred function, while the stack of the panic still stands.
	Panic func(e *Endpoint, during string, value any)

	// Full reports that the loop has no memory for what comes of input; Eased calls
	// fn when it has. Both nil for a loop without limits.
	Full  func() bool
	Eased func(fn func())
}

// Shard is what the endpoints of one loop share.
type Shard struct {
	reactor *reactor.Reactor
	pool    *buffers.Pool
	config  Config
	system  system
	in      inbox
	out     outbox

	active *Endpoint // whose callback runs
	during callback
	stats  Stats
}

// Stats counts what the endpoints of a loop have done. Of the datagrams that Send
// has accepted, each is still queued or counts once: in Sent, SendErrors or Unsent.
type Stats struct {
	Open, Lost int

	Receives, Sends          uint64 // system calls
	Received, Sent           uint64 // datagrams
	BytesReceived, BytesSent uint64

	Truncated     uint64 // of Received: longer than what is received whole
	ReceiveErrors uint64 // told by the kernel, of earlier datagrams
	SendErrors    uint64 // datagrams that the kernel did not send
	Unsent        uint64 // dropped by Abort, a close timeout or the loop's end
	Undelivered   uint64 // received, and dropped because a callback closed
	LateSends     uint64 // refused, because the endpoint was closing or lost
	Unjoined      uint64 // messages that had to be sent as single datagrams
	TimedOut      uint64 // endpoints that were closed and did not send all in time
}

// callback is what an endpoint is in the middle of, should it panic.
type callback uint8

const (
	inNothing callback = iota
	inMade
	inDatagram
	inError
	inLost
)

func (c callback) String() string {
	return [...]string{"", "connection_made", "datagram_received", "error_received", "connection_lost"}[c]
}

// NewShard makes what the endpoints of a loop share.
func NewShard(r *reactor.Reactor, pool *buffers.Pool, c Config) *Shard {
	return &Shard{reactor: r, pool: pool, config: c, system: kernel, in: inbox{batch: make([]message, maxBatch)}}
}

// polls are the low bits of the last poll's number.
func (sh *Shard) polls() uint32 { return uint32(sh.reactor.Polls()) }

func (sh *Shard) isFull() bool { return sh.config.Full != nil && sh.config.Full() }

// Stats are the counts so far. Loop only.
func (sh *Shard) Stats() Stats { return sh.stats }

// enter notes whose callback is about to run; a panic finds it there.
func (sh *Shard) enter(e *Endpoint, c callback) { sh.active, sh.during = e, c }

func (sh *Shard) leave() { sh.active = nil }

// Panicked tells that a callback on the loop has panicked with err. It reports
// whether it was an endpoint's, which goes on, as in asyncio, unless that was its
// last.
func (sh *Shard) Panicked(err error) bool {
	e, during := sh.active, sh.during
	if e == nil {
		return false
	}
	sh.leave()
	sh.config.Failed(e, during.String(), err)
	if during == inLost {
		e.release()
	}
	return true
}
