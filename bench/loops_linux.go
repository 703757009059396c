package bench

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/shardloop/shardloop/bench/load"
	"github.com/shardloop/shardloop/bench/servers"
)

func driveSpread(t Task, s *served) (m Metrics, err error) {
	e, err := load.NewEcho(s.network, s.address, int(t.Param("size")), t.Seed)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	if err := e.Connect(int(t.Param("connections"))); err != nil {
		return nil, err
	}
	on, err := e.Loops()
	if err != nil {
		return nil, err
	}
	spread, err := spreadOver(int(t.Param("loops")), on)
	return Metrics{"spread": spread}, errors.Join(err, e.Exchange(0))
}

// errNoLoop is a number that is none of a loop.
var errNoLoop = errors.New("the server told a loop that it does not have")

// spreadOver is how many more connections than the mean the fullest loop has.
func spreadOver(loops int, on []int) (float64, error) {
	count := make([]int, loops)
	for _, loop := range on {
		if loop >= loops {
			return 0, fmt.Errorf("%w: %d of %d", errNoLoop, loop, loops)
		}
		count[loop]++
	}
	return float64(slices.Max(count)*loops) / float64(len(on)), nil
}

func driveStalled(t Task, s *served) (m Metrics, err error) {
	r, err := load.NewRate(s.network, s.address, int(t.Param("connections")), time.Duration(t.Param("interval_ns")), t.Seed)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	on, err := r.Loops()
	if err != nil {
		return nil, err
	}
	n, all, others := t.Param("requests"), newLatencies(rateLimit), newLatencies(rateLimit)
	err = r.Run(t.Param("warmup"), n, func() error { return nil }, func(connection int, latency time.Duration) {
		all.add(latency)
		if on[connection] != servers.StalledLoop {
			others.add(latency)
		}
	})
	return Metrics{
		"others-p50": others.quantile(50), "others-p99": others.quantile(99),
		"p50": all.quantile(50), "p99": all.quantile(99),
		"client": 100 * float64(r.Behind) / float64(n),
	}, err
}

// driveAcross is driveCrossposts, with messages on connections of other loops.
func driveAcross(t Task, s *served) (Metrics, error) { return receive(t, s, (*load.Posts).Across) }
