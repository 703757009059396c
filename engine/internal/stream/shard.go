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

	// CloseTimeout is how long a stream that was closed may take to send what is
	// left. Zero is for ever.
	CloseTimeout time.Duration

	// Expired makes the error of a limit that has passed, "idle", "read", "write"
	// or "close", which gives up so many bytes. Needed where there are limits.
	Expired func(limit string, unsent int) error

	// Failed is told that a callback of a stream has failed, and in what; the
	// stream is dealt with.
	Failed func(s *Stream, during string, err error)

	// Panic is Failed for a panic that was recovered here, with its value. It is
	// called in the deferred function, while the stack of the panic still stands.
	Panic func(s *Stream, during string, value any)

	// MemoryLimit is how many bytes the streams of the loop may hold; see memory.
	// Zero is any number. Budget is shared with other loops; nil for none.
	MemoryLimit int
	Budget      *Budget

	// Eased is told that a pause for lack of memory is over, and that what came
	// meanwhile was read. Needed where there is a limit.
	Eased func()

	// Describe completes an error with the addresses of the stream; nil for none.
	Describe func(s *Stream, e *net.OpError)
}

// Shard is what the streams of one loop share.
type Shard struct {
	reactor *reactor.Reactor
	pool    *buffers.Pool
	config  Config
	system  system
	input   input
	pieces  [][]byte // of one writev
	vector  vector   // the same for the kernel
	message message  // of one read
	room    room
	posts   postings
	memory  *memory // nil without a limit

	lingering []*Stream

	active *Stream // whose callback runs
	during callback
	stats  Stats
}

// Stats counts what the streams of a loop have done.
type Stats struct {
	Reads, Writes         uint64 // system calls
	BytesRead, BytesSent  uint64
	LateWrites            uint64 // that were refused because of the stream's end
	Open, Lost, Lingering int
	TimedOut              TimedOut

	Memory       int // bytes that count for the limits; 0 without any
	MemoryPauses uint64
	MemoryPaused bool
}

// TimedOut counts the connections that a limit has ended: by which of the
// Timeouts, or by Config.CloseTimeout.
type TimedOut struct{ Idle, Read, Write, Close uint64 }

func (t *TimedOut) add(limit string) {
	switch limit {
	case "idle":
		t.Idle++
	case "read":
		t.Read++
	case "write":
		t.Write++
	case "close":
		t.Close++
	}
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

// NewShard makes what the streams of a loop share.
func NewShard(r *reactor.Reactor, pool *buffers.Pool, c Config) *Shard {
	sh := &Shard{reactor: r, pool: pool, config: c, system: kernel, pieces: make([][]byte, 0, maxPieces)}
	if c.MemoryLimit > 0 || c.Budget != nil {
		sh.memory = newMemory(sh)
	}
	return sh
}

// Close closes the descriptors that linger, and ends the waits for room. The
// reactor must be closed, or dead, and has told Dropped of what did not arrive.
func (sh *Shard) Close() {
	for len(sh.lingering) > 0 {
		sh.lingering[0].unlinger()
	}
	sh.room.close()
	sh.closeInput()
	sh.memory.close()
}

// polls are the low bits of the last poll's number.
func (sh *Shard) polls() uint32 { return uint32(sh.reactor.Polls()) }

// Stats are the counts so far. Loop only.
func (sh *Shard) Stats() Stats {
	stats := sh.stats
	if m := sh.memory; m != nil {
		stats.Memory, stats.MemoryPauses, stats.MemoryPaused = int(m.held()), m.pauses, m.paused
	}
	return stats
}

// Pool is the loop's pool of blocks. Loop only.
func (sh *Shard) Pool() *buffers.Pool { return sh.pool }

// enter notes whose callback is about to run; a panic finds it there.
func (sh *Shard) enter(s *Stream, c callback) { sh.active, sh.during = s, c }

func (sh *Shard) leave() {
	sh.active = nil
	sh.leaveInput()
}

// Panicked tells that a callback on the loop has panicked with err. It reports
// whether it was a stream's, which is then ended as its contract says.
func (sh *Shard) Panicked(err error) bool {
	s, during := sh.active, sh.during
	if s == nil {
		return false
	}
	sh.leave()
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
