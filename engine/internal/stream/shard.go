package stream

import (
	"net"
	"time"

	"github.com/shardloop/shardloop/buffers"
	"github.com/shardloop/shardloop/engine/internal/reactor"
)

// Config is what the streams of a loop have in common. Failed and Panic are
// needed.
type Config struct {
	// Linger is how long a descriptor stays open after its transport was closed,
	// so that the peer can read to the end what was sent; see linger. Zero closes
	// at once.
	Linger time.Duration

	// Failed is told that a callback of a stream has failed, and in what; the
	// stream is dealt with.
	Failed func(s *Stream, during string, err error)

	// Panic is Failed for a panic that was recovered here, with its value. It is
	// called in the deferred function, while the stack of the panic still stands.
	Panic func(s *Stream, during string, value any)

	// Describe completes an error with the addresses of the stream; nil for none.
	Describe func(s *Stream, e *net.OpError)
}

// Shard is what the streams of one loop share.
type Shard struct {
	reactor *reactor.Reactor
	pool    *buffers.Pool
	config  Config
	input   []byte   // where every stream reads to; made at the first read
	pieces  [][]byte // of one writev
	vector  vector   // the same for the kernel
	room    room

	lingering []*Stream

	active *Stream // whose callback runs
	during callback
	stats  Stats
}

// Stats counts what the streams of a loop have done.
type Stats struct {
	Reads, Writes         uint64 // system calls
	BytesRead, BytesSent  uint64
	Open, Lost, Lingering int
}

// callback is what a stream is in the middle of, should it panic.
type callback uint8

const (
	inNothing callback = iota
	inMade
	inData
	inEnd
	inBuffer
	inUpdated
	inLost
)

func (c callback) String() string {
	return [...]string{"", "connection_made", "data_received", "eof_received", "get_buffer", "buffer_updated", "connection_lost"}[c]
}

// maxPieces is how many pieces one writev takes: IOV_MAX of the systems that
// matter.
const maxPieces = 1024

// inputSize is what one read takes at most, asyncio's max_size.
const inputSize = 256 << 10

// NewShard makes what the streams of a loop share.
func NewShard(r *reactor.Reactor, pool *buffers.Pool, c Config) *Shard {
	return &Shard{reactor: r, pool: pool, config: c, pieces: make([][]byte, 0, maxPieces)}
}

// Close closes the descriptors that linger, and ends the waits for room. The
// reactor must be closed, or dead. What was posted and did not arrive is dropped.
func (sh *Shard) Close() {
	for len(sh.lingering) > 0 {
		sh.lingering[0].unlinger()
	}
	sh.room.close()
}

// polls are the low bits of the last poll's number.
func (sh *Shard) polls() uint32 { return uint32(sh.reactor.Polls()) }

// Stats are the counts so far. Loop only.
func (sh *Shard) Stats() Stats { return sh.stats }

// Pool is the loop's pool of blocks. Loop only.
func (sh *Shard) Pool() *buffers.Pool { return sh.pool }

// buffer is where streams read to.
func (sh *Shard) buffer() []byte {
	if sh.input == nil {
		sh.input = make([]byte, inputSize)
	}
	return sh.input
}

// enter notes whose callback is about to run; a panic finds it there.
func (sh *Shard) enter(s *Stream, c callback) { sh.active, sh.during = s, c }

func (sh *Shard) leave() { sh.active = nil }

// Panicked tells that a callback on the loop has panicked with err. It reports
// whether it was a stream's, which is then ended as its contract says.
func (sh *Shard) Panicked(err error) bool {
	s, during := sh.active, sh.during
	if s == nil {
		return false
	}
	sh.active = nil
	sh.config.Failed(s, during.String(), err)
	switch during {
	case inLost:
		s.release()
	case inMade:
	default:
		s.fail(err)
	}
	return true
}

// write gives pieces to the kernel.
func (sh *Shard) write(fd int, pieces [][]byte) (int, error) {
	if len(pieces) == 1 {
		return sysWrite(fd, pieces[0])
	}
	return sysWritev(fd, pieces, &sh.vector)
}
