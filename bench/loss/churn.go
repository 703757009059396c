package loss

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/shardloop/shardloop/bench/loss/roles"
)

// The numbers of scenario churn.
const (
	churned = 10_000
	atOnce  = 32
)

// churns opens and closes connections as fast as it can.
func churns(t *trial) Verdict {
	before, counted := sockets(t.server.pid())
	f := &failures{}
	var workers sync.WaitGroup
	for w := range atOnce {
		workers.Go(func() {
			for i := w; i < churned/t.shrink && !f.many() && t.ctx.Err() == nil; i += atOnce {
				f.note(t.visit(i))
			}
		})
	}
	workers.Wait()
	if v := f.verdict(); v.Fault() {
		return v
	}
	if counted != nil {
		return good // the system does not tell
	}
	return t.settles(before)
}

// visit opens a connection, exchanges a message, and closes in one of three ways.
func (t *trial) visit(i int) (lost int, err error) {
	c, err := t.dial()
	if err != nil {
		return 0, err
	}
	end := []func(net.Conn){shut, slam, shut}[i%3]
	defer t.drop(c, end)
	if err := c.SetDeadline(time.Now().Add(t.idle)); err != nil {
		return 0, err
	}
	message := fmt.Sprintf("message %08d", i)
	if _, err := io.WriteString(c, message); err != nil {
		return len(message), err
	}
	answer, err := unmarked(c, len(message))
	if err == nil && string(answer) != message {
		err = fmt.Errorf("%w: %q for %q", errOther, answer, message)
	}
	if err == nil && i%3 == 2 {
		err = leave(c)
	}
	return max(0, len(message)-len(answer)), err
}

// unmarked reads n bytes that are no markers.
func unmarked(c net.Conn, n int) ([]byte, error) {
	var all []byte
	buf := make([]byte, 256)
	for len(all) < n {
		got, err := c.Read(buf)
		all = append(all, bytes.ReplaceAll(buf[:got], []byte{roles.Marker}, nil)...)
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

// leave ends the sending side, and waits for the server's end. A reset is one
// too: a marker may come in where nobody reads any more.
func leave(c net.Conn) error {
	if err := endSending(c); err != nil {
		return err
	}
	rest, err := unmarked(c, 1)
	switch {
	case len(rest) > 0:
		return fmt.Errorf("%w after the answer: %q", errOther, rest)
	case endOf(err) == ended, endOf(err) == reset:
		return nil
	default:
		return err
	}
}

// settles waits until the server has no more sockets than before.
func (t *trial) settles(before int) Verdict {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(t.idle); ; <-tick.C {
		now, err := sockets(t.server.pid())
		if err != nil || now <= before {
			return good // a process that is over will be found
		}
		if time.Now().After(end) {
			return Verdict{Kind: Leaks, Count: int64(now - before), Why: "all connections are gone"}
		}
	}
}

// failures are those of many connections.
type failures struct {
	lock  sync.Mutex
	n     int
	bytes int64
	first error
}

func (f *failures) note(lost int, err error) {
	f.lock.Lock()
	defer f.lock.Unlock()
	if err == nil {
		return
	}
	if f.first == nil {
		f.first = err
	}
	f.n++
	f.bytes += int64(lost)
}

// many tells that it makes no sense to go on.
func (f *failures) many() bool {
	f.lock.Lock()
	defer f.lock.Unlock()
	return f.n >= 100
}

func (f *failures) verdict() Verdict {
	v := Verdict{Kind: Lost, Count: f.bytes, Why: fmt.Sprintf("%d connections, the first: %v", f.n, f.first)}
	switch {
	case f.n == 0:
		return good
	case f.bytes == 0 && errors.Is(f.first, errOther):
		v.Kind = Garbled
	case f.bytes == 0:
		v.Kind = NoAnswer
	}
	return v
}
