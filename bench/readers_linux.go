package bench

import (
	"context"
	"errors"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/bench/floor"
	"github.com/shardloop/shardloop/engine"
)

func readerSides() []Side {
	return []Side{
		{Name: "engine", Kind: Engine, Run: engineReaders},
		{Name: "floor", Kind: Floor, Run: floorReaders},
	}
}

// readable opens n descriptors that stay readable: eventfds that nobody reads.
func readable(n int64) (fds []int, err error) {
	for range n {
		fd, err := unix.Eventfd(1, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
		if err != nil {
			return fds, errors.Join(err, closeAll(fds))
		}
		fds = append(fds, fd)
	}
	return fds, nil
}

func closeAll(fds []int) (err error) {
	for _, fd := range fds {
		err = errors.Join(err, unix.Close(fd))
	}
	return err
}

// tally counts events and keeps the time from a warm-up to the last.
type tally struct {
	meter
	seen, want int64
}

const tallyWarmup = 10_000

// more counts an event and tells whether another one is wanted.
func (c *tally) more() bool {
	switch c.seen++; c.seen {
	case tallyWarmup:
		c.begin()
	case c.want + tallyWarmup:
		c.end()
		return false
	}
	return c.seen < c.want+tallyWarmup
}

func engineReaders(ctx context.Context, t Task) (Metrics, error) {
	fds, err := readable(t.Param("descriptors"))
	if err != nil {
		return nil, err
	}
	c := &tally{want: t.Param("events")}
	err = runLoop(ctx, engine.Config{}, func(l *engine.Loop) error {
		count := func() {
			if !c.more() {
				l.Stop()
			}
		}
		for _, fd := range fds {
			if err := l.AddReader(fd, count); err != nil {
				return err
			}
		}
		return nil
	})
	return c.per(c.want), errors.Join(err, closeAll(fds))
}

func floorReaders(_ context.Context, t Task) (Metrics, error) {
	fds, err := readable(t.Param("descriptors"))
	if err != nil {
		return nil, err
	}
	c := &tally{want: t.Param("events")}
	over := false
	set, err := floor.NewSet(fds, func() { over = over || !c.more() })
	for err == nil && !over {
		err = set.Turn()
	}
	if set != nil {
		err = errors.Join(err, set.Close())
	}
	return c.per(c.want), errors.Join(err, closeAll(fds))
}
