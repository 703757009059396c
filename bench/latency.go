package bench

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// longest is the largest latency told apart; what is longer counts as longest.
const longest = time.Minute

// latencies is a histogram of durations with three significant digits. It
// belongs to one goroutine.
type latencies struct {
	h     *hdrhistogram.Histogram
	early int64 // negative durations
	late  int64 // later than the limit given to metrics
	limit time.Duration
}

// newLatencies counts what is longer than limit apart from the percentiles.
func newLatencies(limit time.Duration) *latencies {
	return &latencies{h: hdrhistogram.New(1, int64(longest), 3), limit: limit}
}

// add records one duration; it allocates nothing.
func (l *latencies) add(d time.Duration) {
	if d < 0 {
		l.early++
	}
	if d > l.limit {
		l.late++
	}
	_ = l.h.RecordValue(int64(min(max(d, 0), longest))) // in range by construction
}

// count is how many were recorded.
func (l *latencies) count() int64 { return l.h.TotalCount() }

// quantile is a percentile in microseconds.
func (l *latencies) quantile(percent float64) float64 {
	return float64(l.h.ValueAtQuantile(percent)) / 1e3
}

// metrics is what latency scenarios answer with.
func (l *latencies) metrics() Metrics {
	return Metrics{"p50": l.quantile(50), "p90": l.quantile(90), "p99": l.quantile(99)}
}

var (
	p50 = Metric{Name: "p50", Unit: "us"}
	p90 = Metric{Name: "p90", Unit: "us"}
	p99 = Metric{Name: "p99", Unit: "us"}
)
