package loss

import (
	"net"
	"time"
)

// closes is for an answer that ends with the connection.
func closes(t *trial) Verdict { return eightTimes(t.close) }

func (t *trial) close() Verdict {
	c, err := t.ask('x')
	if err != nil {
		return fault(NoAnswer, "%v", err)
	}
	defer t.drop(c, shut)
	return t.reader(c).toEnd().want(t.size)
}

// closesSlowly reads with pauses.
func closesSlowly(t *trial) Verdict {
	c, err := t.ask('x')
	if err != nil {
		return fault(NoAnswer, "%v", err)
	}
	return t.slowly(c).want(t.size)
}

// slowly reads 64 KiB a millisecond at most, to the end.
func (t *trial) slowly(c net.Conn) *received {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	r := t.reader(c)
	r.pace = tick.C
	return r.toEnd()
}

// opens is for an answer without a question.
func opens(t *trial) Verdict {
	c, err := t.dial()
	if err != nil {
		return fault(NoAnswer, "%v", err)
	}
	return t.reader(c).toMarker(t.size).want(t.size)
}

// answers is for an answer after which the connection stays.
func answers(t *trial) Verdict {
	c, err := t.ask('x')
	if err != nil {
		return fault(NoAnswer, "%v", err)
	}
	return t.reader(c).toMarker(t.size).want(t.size)
}

// unread sends as much as it gets, which nobody reads.
func unread(t *trial) Verdict { return eightTimes(t.unread) }

func (t *trial) unread() Verdict {
	c, err := t.dial()
	if err != nil {
		return fault(NoAnswer, "%v", err)
	}
	over := make(chan struct{})
	go func() {
		_, _ = c.Write(make([]byte, t.size)) // the server closes meanwhile
		close(over)
	}()
	v := t.reader(c).toEnd().want(t.size)
	t.drop(c, shut)
	<-over
	return v
}

// stalls lets one connection wait while another is served.
func stalls(t *trial) Verdict {
	before, _ := resident(t.server.pid()) // 0 where the system does not tell
	c, err := t.ask('x')
	if err != nil {
		return fault(NoAnswer, "%v", err)
	}
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetReadBuffer(64 << 10) // a smaller one only shortens the scenario
	}
	if v := answers(t); v.Fault() {
		v.Why = "another connection: " + v.Why
		return v
	}
	after, _ := resident(t.server.pid())
	if v := t.reader(c).toMarker(t.size).want(t.size); v.Fault() {
		return v
	}
	return t.memory(after - before)
}

// memory judges how much a server has grown. A shrunken answer is less than what
// the garbage collector leaves lying about.
func (t *trial) memory(grown int64) Verdict {
	if t.shrink > 1 || grown < t.size/2 {
		return good
	}
	return Verdict{Kind: Queues, Count: grown, Why: "nothing holds the writer back"}
}
