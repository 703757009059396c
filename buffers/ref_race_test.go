package buffers

import (
	"bytes"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
)

// Many goroutines share, cut and release the same bytes. Each sees them whole,
// and they are freed once, after all.
func TestRefRace(t *testing.T) {
	const goroutines = 8
	for range steps(200) {
		p, data, live, frees := NewPool(0), text(7, 3000), atomic.Int32{}, atomic.Int32{}
		r := p.Copy(data, func(int) {
			if frees.Add(1); live.Load() != 0 {
				t.Errorf("freed with %d shares in use", live.Load())
			}
		})
		var done sync.WaitGroup
		for i := range goroutines {
			live.Add(1)
			mine := r.Share()
			done.Go(func() { split(t, mine, data, &live, rand.New(rand.NewPCG(uint64(i), 0))) })
		}
		r.Release()
		done.Wait()
		if frees.Load() != 1 {
			t.Fatalf("freed %d times", frees.Load())
		}
	}
}

// split compares what r holds with want, makes shares of parts and parts of
// those, and releases all.
func split(t *testing.T, r Ref, want []byte, live *atomic.Int32, random *rand.Rand) {
	for len(want) > 0 {
		if !bytes.Equal(r.Bytes(), want) {
			t.Error("the share holds other bytes")
		}
		from := random.IntN(len(want))
		to := from + random.IntN(len(want)-from)
		live.Add(1)
		part := r.Slice(from, to)
		want = want[from:to]
		live.Add(-1)
		r.Release()
		r = part
	}
	live.Add(-1)
	r.Release()
}

// Pools of many goroutines spill into the shared one and get from it, and what
// one copies others release. Nobody writes to what another holds.
func TestPoolRace(t *testing.T) {
	const goroutines = 4
	refs := make(chan Ref, goroutines)
	var done sync.WaitGroup
	for i := range goroutines {
		done.Go(func() { trade(t, byte(i), refs, steps(1000)) })
	}
	done.Wait()
}

// trade fills blocks and Refs with bytes that tell what they are, and takes as
// many Refs from the channel as it puts there.
func trade(t *testing.T, id byte, refs chan Ref, n int) {
	p := NewPool(4 << 10)
	for i := range n {
		b := p.Get(1 + i%5000)
		fill := bytes.Repeat([]byte{id}, len(b.Bytes()))
		copy(b.Bytes(), fill)
		refs <- p.Copy(bytes.Repeat([]byte{byte(i)}, 1+i%5000), nil)
		r := <-refs
		if first := r.Bytes()[:1]; bytes.Count(r.Bytes(), first) != len(r.Bytes()) {
			t.Error("the share holds other bytes")
		}
		r.Release()
		if !bytes.Equal(b.Bytes(), fill) {
			t.Error("somebody wrote to the block")
		}
		p.Put(b)
	}
	wantUsed(t, p, 0)
}
