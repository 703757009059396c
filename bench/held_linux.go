package bench

import (
	"errors"

	"github.com/shardloop/shardloop/bench/load"
)

func driveHeld(t Task, s *served) (m Metrics, err error) {
	e, err := load.NewEcho(s.network, s.address, int(t.Param("size")), t.Seed)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	before, err := s.memory()
	if err != nil {
		return nil, err
	}
	n := t.Param("connections")
	if err := e.Connect(int(n)); err != nil {
		return nil, err
	}
	after, err := s.memory()
	return Metrics{
		"heap":     max(0, after.heap-before.heap) / float64(n),
		"resident": max(0, after.resident-before.resident) / float64(n),
	}, errors.Join(err, e.Exchange(0))
}

// memory is what a server holds.
type memory struct{ heap, resident float64 }

func (s *served) memory() (m memory, err error) {
	r, err := s.ask("report")
	if err != nil {
		return m, err
	}
	there, err := resident(s.cmd.Process.Pid)
	return memory{float64(r.Heap), float64(there)}, err
}
