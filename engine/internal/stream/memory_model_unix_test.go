//go:build unix

package stream

import (
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/shardloop/shardloop/buffers"
	"github.com/shardloop/shardloop/poller"
)

// TestMemoryModel does anything that takes memory or frees it, on a few streams,
// and compares each turn with a count of its own. In the end every byte has
// arrived on both sides, whatever was paused by whom.
func TestMemoryModel(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("repeat with -stream.seed=%d", seed)
	rnd := rand.New(rand.NewPCG(seed, 2))
	pauses := uint64(0)
	for i := range 60 {
		p, err := []func() (poller.Poller, error){poller.New, poller.NewPoll}[i%2]()
		must(t, err)
		limit := 1 << (9 + rnd.IntN(10))
		m := &counted{rnd: rnd, limit: limit, shares: rnd.IntN(2) == 0}
		m.world = newWorld(t, p, func(c *Config) {
			c.MemoryLimit = limit
			if m.shares {
				c.Budget = NewBudget(budgetStep + rnd.IntN(4*budgetStep))
			}
		})
		pauses += m.play()
		if t.Failed() {
			t.Fatalf("limit %d, shares %v", limit, m.shares)
		}
	}
	if pauses == 0 {
		t.Error("nothing has paused")
	}
}

// counted is the model: what is held, but for the blocks of chains.
type counted struct {
	*world
	rnd    *rand.Rand
	limit  int
	shares bool

	streams  []*owner
	peers    []*peer
	refs     []buffers.Ref
	retained int // bytes of blocks
	owned    int // bytes that were handed over and are not released
	ending   bool
}

func (m *counted) play() (pauses uint64) {
	for range 1 + m.rnd.IntN(4) {
		o, p := m.connect(smallPair)
		o.keepOpen = true
		o.onData = m.inData
		m.streams, m.peers = append(m.streams, o), append(m.peers, p)
	}
	for range 200 {
		m.outside()
		m.turn(m.inside)
		m.agrees()
	}
	m.finish()
	return m.sh.Stats().MemoryPauses
}

// inData wants that there was memory to read, and may take some.
func (m *counted) inData() {
	n := m.held() + int(m.sh.memory.posted.Load()-m.sh.memory.arrived)
	if n > m.limit {
		m.t.Errorf("read with %d of %d bytes held", n, m.limit)
	}
	if !m.ending && m.rnd.IntN(2) == 0 {
		m.inside()
	}
}

func (m *counted) held() int { return m.sh.Buffered() + m.retained + m.owned }

// agrees compares at the end of a turn, when all that was posted has arrived, and
// after the look at it.
func (m *counted) agrees() {
	equal(m.t, "held", m.sh.Stats().Memory, m.held())
	m.sh.Account()
	mem := m.sh.memory
	equal(m.t, "edge", mem.edge, mem.account.edge(int64(m.limit)))
	equal(m.t, "released when the loop wakes", mem.wakeAt.Load(), m.wakeAt())
	for mem.scheduled { // or what is posted next would come behind it
		m.turn()
	}
}

// wakeAt is never where nothing can be released, or where that would change nothing.
func (m *counted) wakeAt() int64 {
	mem := m.sh.memory
	n := mem.account.matters(int64(m.held()))
	if over := m.held() - (m.limit - m.limit/4); mem.paused && over > 0 {
		n = min(n, int64(over))
	}
	if m.retained == 0 || n == never {
		return never
	}
	return mem.released.Load() + n
}

// blockOf is the size of the block that n bytes are copied to.
func blockOf(n int) int { return max(buffers.MinBlock, 1<<bits.Len(uint(n-1))) }

// inside does something on the loop.
func (m *counted) inside() {
	o := m.streams[m.rnd.IntN(len(m.streams))]
	n := 1 + m.rnd.IntN(1<<m.rnd.IntN(17))
	switch m.rnd.IntN(8) {
	case 0, 1:
		o.write(pattern(n))
	case 2:
		o.out.add(pattern(n))
		m.owned += n
		must(m.t, o.WriteOwned(pattern(n), func() { m.owned -= n }))
	case 3, 4:
		m.refs = append(m.refs, m.sh.Retain(make([]byte, n)))
		m.retained += blockOf(n)
	case 5:
		o.PauseReading()
	case 6:
		o.ResumeReading()
	case 7:
		m.release()
	}
}

func (m *counted) release() {
	for range m.rnd.IntN(4) {
		if len(m.refs) == 0 {
			return
		}
		i := m.rnd.IntN(len(m.refs))
		m.retained -= blockOf(len(m.refs[i].Bytes()))
		m.refs[i].Release()
		m.refs[i] = m.refs[len(m.refs)-1]
		m.refs = m.refs[:len(m.refs)-1]
	}
}

// outside is what peers and other goroutines do.
func (m *counted) outside() {
	i := m.rnd.IntN(len(m.streams))
	o, p := m.streams[i], m.peers[i]
	switch m.rnd.IntN(6) {
	case 0, 1:
		p.write(pattern(1 + m.rnd.IntN(2000)))
	case 2, 3:
		p.read()
	case 4:
		m.release()
	case 5:
		b := pattern(1 + m.rnd.IntN(5000))
		if o.Post(b) == nil {
			o.out.add(b)
		}
	}
}

// finish ends all pauses and both sides of all streams.
func (m *counted) finish() {
	m.ending = true
	for len(m.refs) > 0 {
		m.release()
	}
	for i, o := range m.streams {
		m.turn(o.ResumeReading, o.WriteEOF)
		m.peers[i].shutdown()
	}
	for i, o := range m.streams {
		for !m.peers[i].ended || !slices.Contains(o.journal, "end") {
			for _, p := range m.peers {
				p.read()
			}
			m.turn()
		}
		equal(m.t, "received", o.in, m.peers[i].out)
		equal(m.t, "sent", m.peers[i].in, o.out)
		m.end(o)
	}
	m.agrees()
	equal(m.t, "held in the end", m.held(), 0)
	equal(m.t, "paused in the end", m.sh.Stats().MemoryPaused, false)
}
