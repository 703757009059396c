package bench

import (
	"errors"

	"github.com/shardloop/shardloop/bench/load"
)

func driveDatagrams(t Task, s *served) (Metrics, error) {
	return flow(t, s, (*load.Datagrams).Exchange)
}

func driveDrain(t Task, s *served) (Metrics, error) { return flow(t, s, (*load.Datagrams).Push) }

func flow(t Task, s *served, way func(*load.Datagrams, int64) error) (m Metrics, err error) {
	d, err := load.NewDatagrams(s.address, int(t.Param("size")), int(t.Param("window")), t.Seed)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if err := way(d, t.Param("warmup")); err != nil {
		return nil, err
	}
	n := t.Param("requests")
	u, err := s.measure(func() error { return way(d, n) })
	return u.per(n), err
}
