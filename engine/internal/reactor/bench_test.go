package reactor

import (
	"fmt"
	"testing"
	"time"
)

func nop(any) {}

func newBench(b testing.TB, cfg Config) *Reactor {
	r, err := New(cfg)
	if err != nil {
		b.Skip(err)
	}
	b.Cleanup(func() {
		if err := r.Close(); err != nil {
			b.Error(err)
		}
	})
	return r
}

// BenchmarkSoon schedules and runs callbacks, 1,000 a turn.
func BenchmarkSoon(b *testing.B) {
	r := newBench(b, Config{})
	b.ReportAllocs()
	n := b.N
	var next func(any)
	next = func(any) {
		k := min(n, 1000)
		n -= k
		for range k {
			_ = r.Soon(nop, nil)
		}
		if n == 0 {
			r.Stop()
			return
		}
		_ = r.Soon(next, nil)
	}
	_ = r.Soon(next, nil)
	_ = r.Run()
}

// BenchmarkChain is one callback a turn that schedules the next.
func BenchmarkChain(b *testing.B) {
	for _, timer := range []bool{false, true} {
		for _, every := range []int{1, 64} {
			b.Run(fmt.Sprintf("timer=%t/pollevery=%d", timer, every), func(b *testing.B) {
				r := newBench(b, Config{PollEvery: every})
				var t Timer
				if t.Init(nop, nil); timer {
					_ = r.Schedule(&t, r.Now()+int64(time.Hour))
				}
				chain(r, b.N)
			})
		}
	}
}

func chain(r *Reactor, n int) {
	var next func(any)
	next = func(any) {
		if n--; n <= 0 {
			r.Stop()
			return
		}
		_ = r.Soon(next, nil)
	}
	_ = r.Soon(next, nil)
	_ = r.Run()
}

// BenchmarkPost posts from p goroutines, with at most 1,024 posts in flight.
func BenchmarkPost(b *testing.B) {
	for _, p := range []int{1, 2, 8} {
		b.Run(fmt.Sprintf("producers=%d", p), func(b *testing.B) {
			b.ReportAllocs()
			r := newBench(b, Config{})
			flood(r, p, b.N/p+1, 1024/p)
		})
	}
}

// flood posts n callbacks from each of p goroutines, at most window at a time
// from each, and returns when the last has run.
func flood(r *Reactor, p, n, window int) {
	left := p
	for range p {
		go flooder(r, n, window, func(any) {
			if left--; left == 0 {
				r.Stop()
			}
		})
	}
	_ = r.Run()
}

func flooder(r *Reactor, n, window int, last func(any)) {
	tick := make(chan struct{}, 1)
	mark := func(any) { tick <- struct{}{} }
	half := max(window/2, 1)
	for i := range n {
		if i%half != 0 {
			_ = r.Post(nop, nil)
			continue
		}
		if i >= half {
			<-tick
		}
		_ = r.Post(mark, nil)
	}
	_ = r.Post(last, nil)
}
