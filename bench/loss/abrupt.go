package loss

import (
	"io"
	"time"

	"github.com/shardloop/shardloop/bench/loss/roles"
)

// resets ends connections whose output is under way. Each must be told of, and
// the next one served.
func resets(t *trial) Verdict {
	const times = 8
	for range times {
		if err := t.resetAfter(min(64<<10, t.size/2)); err != nil {
			return fault(NoAnswer, "%v", err)
		}
	}
	silent := 0
	for range times {
		told, err := t.server.line(t.ctx, "end ", t.idle)
		if err != nil {
			return fault(Silent, "%v", err)
		}
		if told == "ok" {
			silent++
		}
	}
	if v := answers(t); v.Fault() {
		v.Why = "the next connection: " + v.Why
		return v
	}
	if silent > 0 {
		return fault(Silent, "%d of %d resets look like ordinary ends", silent, times)
	}
	return good
}

func (t *trial) resetAfter(n int64) error {
	c, err := t.ask('x')
	if err != nil {
		return err
	}
	defer t.drop(c, slam)
	if err := c.SetReadDeadline(time.Now().Add(t.idle)); err != nil {
		return err
	}
	_, err = io.CopyN(io.Discard, c, n)
	return err
}

// aborts ends connections in the middle of writes, from both sides, beside one
// that has to be served all the time.
func aborts(t *trial) Verdict {
	witness, err := t.several(1)
	if err != nil {
		return fault(NoAnswer, "%v", err)
	}
	for range 32 {
		c, err := t.ask(roles.AskAbort)
		if err != nil {
			return fault(NoAnswer, "%v", err)
		}
		if in := t.reader(c).toEnd(); in.end == silence {
			return fault(NoAnswer, "the abort does not end the connection")
		}
		t.drop(c, shut)
		if c, err = t.ask(roles.AskWrites); err != nil {
			return fault(NoAnswer, "%v", err)
		}
		t.drop(c, slam)
		if err := t.ping(witness[0], "go on"); err != nil {
			return fault(NoAnswer, "another connection: %v", err)
		}
	}
	return good
}
