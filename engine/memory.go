package engine

import (
	"slices"

	"github.com/shardloop/shardloop/engine/internal/accept"
	"github.com/shardloop/shardloop/engine/internal/stream"
)

// MemoryBudget is a limit of the buffer memory that the connections of several
// loops hold together. What counts, and what happens, is the same as with
// Config.MemoryLimit, which is for one loop:
//
//   - A loop that is above its limit, or whose budget is used up, pauses. It stops
//     to read, on all its connections, and to accept, on all its servers. It goes
//     on when it holds three quarters of the limit, and all loops together three
//     quarters of the budget.
//   - Nothing is lost. What is written is taken and sent as ever, and what came
//     meanwhile, the peer's end included, is read in order when the pause is over,
//     on whatever connection it came first. Transport.IsReading tells of the
//     program's own pauses only.
//   - A connection with input that is left unread is not ended by Timeouts.Read,
//     and by Timeouts.Idle only while the peer does not take what it is sent. One
//     whose peer is silent, or does not take what it is sent, is ended as ever.
//
// A limit stops input, never a write: it holds for programs whose output comes of
// their input. It is passed by what one callback writes or retains, and by what is
// written and posted out of other callbacks than those. Of a budget, each loop may
// hold another 64 KiB that do not count. A block counts as a whole, so that a byte
// that waits to be sent is 4 KiB.
//
// What makes memory free must not wait for input, or the pause has no end: if the
// limit is filled by parts of messages that were retained, whose rest is not read,
// or by what is to be sent to peers that do not read. Timeouts, of which Write is
// the one for such peers, end it; for messages, let the limit be larger than the
// largest one times the number of connections that send one at the same time. A
// loop that shares a budget and has stopped keeps its part until it is closed.
type MemoryBudget struct{ shared *stream.Budget }

// NewMemoryBudget makes a budget for Config.Budget. It fails with an *ArgError
// unless there is at least a byte. Any goroutine.
func NewMemoryBudget(bytes int) (*MemoryBudget, error) {
	if bytes <= 0 {
		return nil, badArg("bytes", "must be positive")
	}
	return &MemoryBudget{stream.NewBudget(bytes)}, nil
}

// Used is how many bytes the loops hold, but for up to 64 KiB of each. Any
// goroutine.
func (b *MemoryBudget) Used() int { return b.shared.Used() }

// memoryLimits are a loop's.
type memoryLimits struct {
	limit  int
	budget *stream.Budget
	waits  []func() // for the end of a pause
}

func (c *Config) memory() (m memoryLimits) {
	m.limit = c.MemoryLimit
	if c.Budget != nil {
		m.budget = c.Budget.shared
	}
	return m
}

// accounting is what a loop with limits does before each poll.
func (l *Loop) accounting() func() {
	if l.memory.limit == 0 && l.memory.budget == nil {
		return nil
	}
	return func() {
		if l.streams != nil {
			l.streams.Account()
		}
	}
}

// onEase calls fn when the present pause is over.
func (m *memoryLimits) onEase(fn func()) { m.waits = append(m.waits, fn) }

// eased is told by the streams that a pause is over.
func (l *Loop) eased() {
	for _, s := range slices.Clone(l.servers) { // one that fails may be closed by who is told
		s.hold((*accept.Listener).Ease)
	}
	waits := l.memory.waits
	l.memory.waits = nil
	for _, fn := range waits {
		fn()
	}
}
