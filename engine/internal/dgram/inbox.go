package dgram

import "github.com/shardloop/shardloop/engine/internal/sock"

const (
	// maxBatch is how many messages one call receives at most. At 64 bytes each,
	// the call itself is then a few per cent of the work.
	maxBatch = 32

	// inboxSize is how much memory the messages of a batch are received to. Only
	// what the kernel writes to becomes resident. Datagrams that may be longer come
	// in smaller batches.
	inboxSize = 2 << 20

	// stagger keeps the beginnings of slots, which are a power of two long, out of
	// one set of the processor's caches.
	stagger = 3 * 64

	// maxJoined is the longest message that the kernel joins datagrams to, and more
	// than UDP has room for otherwise.
	maxJoined = 64 << 10
)

// message is what one receive has brought: a datagram, or several of one size that
// the kernel has joined, the last of which may be shorter.
type message struct {
	data    []byte
	from    sock.Addr
	size    int // of the whole message: more than data has if the rest was cut off
	segment int // of each datagram in it; 0 for one datagram
}

// inbox is where the endpoints of a loop receive, one batch at a time.
//
//	      receive              the last was delivered
//	free ---------> owner's batch ---------------------> free
//
// The batch outlives a panic in a callback: its owner finds the rest. err is what
// the kernel has said behind the messages.
type inbox struct {
	owner  *Endpoint
	batch  []message
	next   int // those before it were delivered
	at     int // of the bytes of next, for one of several datagrams
	err    error
	memory []byte
	slots  [][]byte
	most   int
	joined bool
	kernel received
}

// lay divides the memory into slots for messages of up to most bytes. Only for joined
// ones is there room for what comes beside: a peer's descriptors, which nobody wants,
// are the kernel's to close then.
func (in *inbox) lay(most int, joined bool) {
	if in.most == most && in.joined == joined {
		return
	}
	in.most, in.joined = most, joined
	n := min(max(inboxSize/most, 1), maxBatch)
	if need := n * (most + stagger); len(in.memory) < need {
		in.memory = make([]byte, need)
	}
	in.slots = in.slots[:0]
	for i := range n {
		at := i * (most + stagger)
		in.slots = append(in.slots, in.memory[at:at+most:at+most])
	}
	in.kernel.lay(in.slots, joined)
}

// take is the next datagram of the batch, whose place it passes.
func (in *inbox) take() (p []byte, m *message) {
	m = &in.batch[in.next]
	p = m.data[in.at:]
	if m.segment > 0 && len(p) > m.segment {
		p = p[:m.segment:m.segment]
		in.at += m.segment
		return p, m
	}
	in.at = 0
	in.next++
	return p, m
}

// left is how many datagrams have not been delivered.
func (in *inbox) left() (n int) {
	for in.next < len(in.batch) {
		in.take()
		n++
	}
	return n
}
