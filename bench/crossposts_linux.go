package bench

import (
	"errors"
	"math"

	"github.com/shardloop/shardloop/bench/load"
)

func driveCrossposts(t Task, s *served) (Metrics, error) {
	return receive(t, s, func(*load.Posts) error { return nil })
}

// receive has messages posted, once the client is told which to expect.
func receive(t Task, s *served, expect func(*load.Posts) error) (m Metrics, err error) {
	p, err := load.NewPosts(s.network, s.address, int(t.Param("connections")), t.Seed)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	if err := expect(p); err != nil {
		return nil, err
	}
	burst := t.Param("messages")
	bursts := func(n int64) (err error) {
		for ; n > 0 && err == nil; n-- {
			err = p.Receive(burst)
		}
		return err
	}
	if err := bursts(t.Param("warmups")); err != nil { // how many are on the way at a time is chance
		return nil, err
	}
	before, err := s.ask("count")
	if err != nil {
		return nil, err
	}
	n := burst * t.Param("bursts")
	u, err := s.measure(func() error { return bursts(t.Param("bursts")) })
	if err != nil {
		return nil, err
	}
	after, err := s.ask("count")
	m = u.per(n)
	m["allocs"] = math.Round(1000*float64(after.Mallocs-before.Mallocs)/float64(n)) / 1000 // see meter.per
	return m, err
}
