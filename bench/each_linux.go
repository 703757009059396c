package bench

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/shardloop/shardloop/bench/floor"
)

func bellEachSide() Side { return Side{Name: "floor", Kind: Floor, Run: bellEach} }

// bellEach wakes four goroutines that block in the kernel, as idle loops do. Each
// answers through a channel.
func bellEach(_ context.Context, t Task) (m Metrics, err error) {
	loops := int(t.Param("loops"))
	answers := make(chan error, loops)
	var over atomic.Bool
	var bells []*floor.Bell
	var sleepers sync.WaitGroup
	for range loops {
		bell, err := floor.NewBell()
		if err != nil {
			return nil, err
		}
		bells = append(bells, bell)
		sleepers.Go(func() {
			for err := bell.Wait(); !over.Load(); err = bell.Wait() {
				answers <- err
			}
		})
	}
	m, err = askAll(t, func() (sum int64, err error) {
		for _, bell := range bells {
			err = errors.Join(err, bell.Ring())
		}
		for range bells {
			err = errors.Join(err, <-answers)
			sum++
		}
		return sum, err
	})
	over.Store(true)
	for _, bell := range bells {
		err = errors.Join(err, bell.Ring())
	}
	sleepers.Wait()
	for _, bell := range bells {
		err = errors.Join(err, bell.Close())
	}
	return m, err
}
