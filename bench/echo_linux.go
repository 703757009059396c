package bench

import (
	"errors"

	"github.com/shardloop/shardloop/bench/load"
)

func driveEcho(t Task, s *served) (Metrics, error) {
	n := t.Param("requests")
	return exchange(t, s, t.Param("size"), t.Param("warmup"), n, n)
}

// exchange sends pieces of a size, back and forth, which are as many requests.
func exchange(t Task, s *served, size, warmup, pieces, requests int64) (Metrics, error) {
	e, err := load.NewEcho(s.network, s.address, int(size), t.Seed)
	if err != nil {
		return nil, err
	}
	return exchangeBy(e, t, s, warmup, pieces, requests)
}

// exchangeBy is exchange by a client that has no connections yet. It ends it.
func exchangeBy(e *load.Echo, t Task, s *served, warmup, pieces, requests int64) (m Metrics, err error) {
	defer func() { err = errors.Join(err, e.Close()) }()
	if err := e.Connect(int(t.Param("connections"))); err != nil {
		return nil, err
	}
	if err := e.Exchange(warmup); err != nil {
		return nil, err
	}
	u, err := s.measure(func() error { return e.Exchange(pieces) })
	return u.per(requests), err
}
