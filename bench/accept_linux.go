package bench

import (
	"errors"

	"github.com/shardloop/shardloop/bench/load"
)

func driveAccept(t Task, s *served) (m Metrics, err error) {
	a, err := load.NewAccept(s.network, s.address, int(t.Param("window")), int(t.Param("size")), t.Seed)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if err := a.Run(t.Param("warmup")); err != nil {
		return nil, err
	}
	n := t.Param("opened")
	u, err := s.measure(func() error { return a.Run(n) })
	return u.per(n), err
}
