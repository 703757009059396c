package loss

import (
	"fmt"
	"net"

	"github.com/shardloop/shardloop/bench/loss/roles"
)

// sends closes at once behind what it has sent.
func sends(t *trial) Verdict {
	payload := roles.Payload(int(t.size))
	return eightTimes(func() Verdict { return t.sendAll(payload) })
}

func (t *trial) sendAll(payload []byte) Verdict {
	c, err := t.dial()
	if err == nil {
		_, err = c.Write(payload)
		t.drop(c, shut)
	}
	if err != nil {
		return fault(NoAnswer, "%v", err)
	}
	told, err := t.server.line(t.ctx, "got ", t.idle)
	if err != nil {
		return fault(NoAnswer, "%v", err)
	}
	return compare(told, t.size)
}

// compare judges what a server says it has received of the first n bytes.
func compare(told string, n int64) Verdict {
	var got int64
	var hash string
	if _, err := fmt.Sscan(told, &got, &hash); err != nil {
		return fault(Broken, "the server says got %q", told)
	}
	switch {
	case got < n:
		return Verdict{Kind: Lost, Count: n - got}
	case got > n:
		return Verdict{Kind: Extra, Count: got - n}
	case hash != roles.Want(n).Sum():
		return fault(Garbled, "the server was given other bytes")
	default:
		return good
	}
}

// halfCloses asks by ending its sending side.
func halfCloses(t *trial) Verdict { return eightTimes(t.halfClose) }

func (t *trial) halfClose() Verdict {
	c, err := t.dial()
	if err == nil {
		_, err = c.Write(roles.Payload(1 << 10))
	}
	if err == nil {
		err = endSending(c)
	}
	if err != nil {
		return fault(NoAnswer, "%v", err)
	}
	defer t.drop(c, shut)
	return t.slowly(c).want(t.size)
}

func endSending(c net.Conn) error { return c.(interface{ CloseWrite() error }).CloseWrite() }
