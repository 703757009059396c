package bench

import (
	"context"
	"errors"

	"github.com/shardloop/shardloop/bench/floor"
)

var pipeFloor = Side{Name: "floor", Kind: Floor, Run: floorPipe}

func floorPipe(_ context.Context, t Task) (Metrics, error) {
	f := newPassage(t)
	p, err := floor.NewPipe()
	if err != nil {
		return nil, err
	}
	var left []byte
	for more := true; more && err == nil; {
		if len(left) == 0 {
			left = f.next()
		}
		var wrote int
		var read []byte
		wrote, read, err = p.Turn(left)
		left, more = left[wrote:], f.arrived(len(read))
	}
	return f.metrics(), errors.Join(err, p.Close())
}
