package bench

import (
	"math"
	"time"
)

// meter is the stop-watch of throughput sides: time and heap objects between
// begin and end.
type meter struct {
	start   time.Time
	took    time.Duration
	mallocs uint64
}

func (m *meter) begin() {
	m.mallocs = mallocs()
	m.start = time.Now()
}

func (m *meter) end() {
	m.took = time.Since(m.start)
	m.mallocs = mallocs() - m.mallocs
}

// per is the cost of one of n operations. Allocations are rounded to a
// thousandth: the runtime itself makes a few objects in a second, a leak on the
// path makes one each time.
func (m *meter) per(n int64) Metrics {
	if m.took == 0 || n <= 0 {
		return nil
	}
	const grain = 1000
	return Metrics{
		"time":   float64(m.took.Nanoseconds()) / float64(n),
		"allocs": math.Round(float64(m.mallocs)/float64(n)*grain) / grain,
	}
}
