package bench

import (
	"errors"

	"github.com/shardloop/shardloop/bench/load"
)

func driveSink(t Task, s *served) (Metrics, error) { return carry(t, s, (*load.Bulk).Send) }

func driveSource(t Task, s *served) (Metrics, error) { return carry(t, s, (*load.Bulk).Receive) }

func carry(t Task, s *served, way func(*load.Bulk, int64) error) (m Metrics, err error) {
	b, err := load.NewBulk(s.network, s.address)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	if err := way(b, t.Param("warmup")<<20); err != nil {
		return nil, err
	}
	n := t.Param("mib")
	u, err := s.measure(func() error { return way(b, n<<20) })
	return u.per(n), err
}
