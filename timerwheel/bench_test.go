package timerwheel

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// sizes and reaches span what a loop meets: a thousand timers to a million,
// spread over 10 s as timeouts are, or over 10 ms as pacing is.
var (
	sizes   = []int{1e3, 1e5, 1e6}
	reaches = []time.Duration{10 * time.Second, 10 * time.Millisecond}
)

// load is a wheel with live timers, and random numbers made beforehand: their
// making would cost as much as the wheel.
type load struct {
	w     Wheel
	ids   []ID
	delay []int64
	now   int64
}

const delays = 1 << 16

func newLoad(size int, reach time.Duration) *load {
	r := rand.New(rand.NewPCG(1, 2))
	l := &load{now: int64(time.Hour), delay: make([]int64, delays)}
	l.w.Pop(l.now)
	for i := range l.delay {
		l.delay[i] = r.Int64N(int64(reach))
	}
	for range size {
		l.ids = append(l.ids, l.w.Add(l.now+r.Int64N(int64(reach))))
	}
	r.Shuffle(size, func(i, j int) { l.ids[i], l.ids[j] = l.ids[j], l.ids[i] })
	return l
}

// each runs a benchmark for every size and reach.
func each(b *testing.B, f func(b *testing.B, size int, reach time.Duration)) {
	for _, size := range sizes {
		for _, reach := range reaches {
			b.Run(fmt.Sprintf("live=%d/reach=%v", size, reach), func(b *testing.B) {
				b.ReportAllocs()
				f(b, size, reach)
			})
		}
	}
}

// A timer that is cancelled at once beside many that live.
func BenchmarkAddCancel(b *testing.B) {
	each(b, func(b *testing.B, size int, reach time.Duration) {
		l := newLoad(size, reach)
		i := 0
		for b.Loop() {
			l.w.Cancel(l.w.Add(l.now + l.delay[i%delays]))
			i++
		}
	})
}

// A random timer of many gets a new deadline.
func BenchmarkMove(b *testing.B) {
	each(b, func(b *testing.B, size int, reach time.Duration) {
		l := newLoad(size, reach)
		i := 0
		for b.Loop() {
			l.w.Move(l.ids[i%size], l.now+l.delay[i%delays])
			i++
		}
	})
}

// The same while the earliest deadline is asked for each time.
func BenchmarkMoveNext(b *testing.B) {
	each(b, func(b *testing.B, size int, reach time.Duration) {
		l := newLoad(size, reach)
		i := 0
		for b.Loop() {
			l.w.Move(l.ids[i%size], l.now+l.delay[i%delays])
			l.w.Next()
			i++
		}
	})
}

// The earliest timer is cancelled and a new last one added: requests that
// finish in order and all have the same timeout.
func BenchmarkCancelFirst(b *testing.B) {
	for _, size := range sizes {
		b.Run(fmt.Sprintf("live=%d", size), func(b *testing.B) {
			b.ReportAllocs()
			var w Wheel
			now := int64(time.Hour)
			ids := make([]ID, size)
			step := int64(10*time.Second) / int64(size)
			for i := range ids {
				ids[i] = w.Add(now)
				now += step
			}
			i := 0
			for b.Loop() {
				w.Cancel(ids[i%size])
				ids[i%size] = w.Add(now)
				w.Next()
				now += step
				i++
			}
		})
	}
}

// Filling an empty wheel in random order, and cancelling in another one. The
// figures are for one timer.
func BenchmarkFill(b *testing.B) {
	each(b, func(b *testing.B, size int, reach time.Duration) {
		l := newLoad(size, reach)
		var add, cancel time.Duration
		for b.Loop() {
			start := time.Now()
			for _, id := range l.ids {
				l.w.Cancel(id)
			}
			cancel += time.Since(start)
			start = time.Now()
			for i := range l.ids {
				l.ids[i] = l.w.Add(l.now + l.delay[i%delays])
			}
			add += time.Since(start)
		}
		ops := float64(b.N) * float64(size)
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(float64(cancel)/ops, "ns/cancel")
		b.ReportMetric(float64(add)/ops, "ns/add")
	})
}

// Time passes in steps of 100 us, or to the next deadline if that is later;
// every timer that is due is popped and starts again. The figure is for one
// timer.
func BenchmarkPop(b *testing.B) {
	each(b, func(b *testing.B, size int, reach time.Duration) {
		l := newLoad(size, reach)
		i := 0
		for b.Loop() {
			_, _, ok := l.w.Pop(l.now)
			for !ok {
				next, _ := l.w.Next()
				l.now = max(next+1, l.now+int64(100*time.Microsecond))
				_, _, ok = l.w.Pop(l.now)
			}
			l.w.Add(l.now + l.delay[i%delays])
			i++
		}
	})
}

// What the runtime's timers cost for the same.
func BenchmarkAfterFunc(b *testing.B) {
	for _, size := range sizes {
		b.Run(fmt.Sprintf("op=replace/live=%d", size), func(b *testing.B) {
			timers := runtimeTimers(b, size)
			r := rand.New(rand.NewPCG(3, 4))
			order := r.Perm(size)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				at := &timers[order[i%size]]
				(*at).Stop()
				*at = time.AfterFunc(time.Hour+time.Duration(int64(i)*7919%(10*s)), nop)
				i++
			}
		})
		b.Run(fmt.Sprintf("op=add-cancel/live=%d", size), func(b *testing.B) {
			runtimeTimers(b, size)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				time.AfterFunc(time.Hour+time.Duration(int64(i)*7919%(10*s)), nop).Stop()
				i++
			}
		})
	}
}

func nop() {}

// runtimeTimers starts timers an hour ahead, spread over 10 s.
func runtimeTimers(b *testing.B, size int) []*time.Timer {
	r := rand.New(rand.NewPCG(1, 2))
	timers := make([]*time.Timer, size)
	for i := range timers {
		timers[i] = time.AfterFunc(time.Hour+time.Duration(r.Int64N(10*s)), nop)
	}
	b.Cleanup(func() {
		for _, t := range timers {
			t.Stop()
		}
	})
	return timers
}
