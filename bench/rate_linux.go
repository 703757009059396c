package bench

import (
	"errors"
	"time"

	"github.com/shardloop/shardloop/bench/load"
)

func driveRate(t Task, s *served) (m Metrics, err error) {
	r, err := load.NewRate(s.network, s.address, int(t.Param("connections")), time.Duration(t.Param("interval_ns")), t.Seed)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	var used usage
	n, seen := t.Param("requests"), newLatencies(rateLimit)
	err = r.Run(t.Param("warmup"), n, func() (err error) { used, err = s.begin(); return err },
		func(_ int, latency time.Duration) { seen.add(latency) })
	if err != nil {
		return nil, err
	}
	used, err = s.end(used)
	m = seen.metrics()
	m["cpu"] = used.per(n)["cpu"]
	m["late"] = 100 * float64(seen.late) / float64(n)
	m["client"] = 100 * float64(r.Behind) / float64(n)
	return m, err
}
