package dgram

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/shardloop/shardloop/buffers"
	"github.com/shardloop/shardloop/engine/internal/sock"
)

// TestQueueModel compares a queue with a list, under random pushes and drops.
func TestQueueModel(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	pool, q := buffers.NewPool(0), queue{}
	var model [][]byte
	size := 0
	for step := range 5_000 {
		if rnd.IntN(2) == 0 || rnd.IntN(50) == 0 && len(model) < 5000 {
			for range 1 + rnd.IntN(20) {
				p := bytes.Repeat([]byte{byte(step)}, lengthOf(rnd))
				q.push(pool, p, sock.AnyAddr(uint16(step)))
				model = append(model, p)
				size += len(p) + overhead
			}
		} else if n := rnd.IntN(40); n > 0 {
			n = min(n, len(model))
			for i, p := range q.waiting()[:n] {
				if !bytes.Equal(p.data, model[i]) {
					t.Fatalf("step %d: another datagram", step)
				}
				size -= len(p.data) + overhead
			}
			q.drop(pool, n)
			model = model[n:]
		}
		if q.len() != len(model) || q.size() != size {
			t.Fatalf("step %d: %d datagrams of %d bytes, want %d of %d", step, q.len(), q.size(), len(model), size)
		}
		if (q.len() == 0) != (pool.Used() == 0) && q.len() == 0 {
			t.Fatalf("step %d: an empty queue holds %d bytes", step, pool.Used())
		}
	}
	q.drop(pool, q.len())
	if pool.Used() != 0 {
		t.Errorf("%d bytes were not given back", pool.Used())
	}
}

// lengthOf is a length of a datagram: short as a rule, now and then empty, or longer
// than a block.
func lengthOf(rnd *rand.Rand) int {
	switch rnd.IntN(12) {
	case 0:
		return 0
	case 1:
		return rnd.IntN(70_000)
	case 2:
		return outBlock
	}
	return rnd.IntN(1500)
}

// TestQueueStaysShort: a queue that is never empty does not grow, and one that was
// long gives its places back.
func TestQueueStaysShort(t *testing.T) {
	pool, q := buffers.NewPool(0), queue{}
	for range 10 {
		q.push(pool, []byte("x"), sock.Addr{})
	}
	for range 10_000 {
		q.push(pool, []byte("x"), sock.Addr{})
		q.drop(pool, 1)
	}
	if cap(q.list) > 64 {
		t.Errorf("a queue of 10 has %d places", cap(q.list))
	}
	for range 2 * keptPackets {
		q.push(pool, nil, sock.Addr{})
	}
	q.drop(pool, q.len())
	if cap(q.list) != 0 {
		t.Errorf("an empty queue keeps %d places", cap(q.list))
	}
}
