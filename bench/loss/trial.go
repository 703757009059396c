package loss

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Scenario is one misfortune.
type Scenario struct {
	Name    string
	Text    string // what happens, and what a good library does
	Role    string // of the servers; package roles has them
	Network string
	Size    int // of the answer, or of the input

	run func(*trial) Verdict
}

// trial is a scenario under way with one library.
type trial struct {
	ctx    context.Context
	server *server
	sc     *Scenario
	size   int64         // of the answer, or of the input
	shrink int           // how much smaller everything is than it should be
	idle   time.Duration // how long nothing may come
	grace  time.Duration // how long the server may take to die

	lock  sync.Mutex
	conns map[net.Conn]struct{}
}

// errOver is why connections end when a trial takes too long.
var errOver = errors.New("the scenario was not over in time")

// try runs a scenario with a library.
func (c *Config) try(ctx context.Context, sc *Scenario, lib *Library) Verdict {
	if lib.Missing != "" {
		return fault(Absent, "%s", lib.Missing)
	}
	dir, err := os.MkdirTemp("", "loss")
	if err != nil {
		return fault(Broken, "%v", err)
	}
	defer os.RemoveAll(dir)
	address := "127.0.0.1:0"
	if sc.Network == "unix" {
		address = filepath.Join(dir, "s")
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.Limit, errOver)
	defer cancel()
	t := &trial{ctx: ctx, sc: sc, shrink: c.Shrink, idle: c.Idle, grace: c.Grace, conns: map[net.Conn]struct{}{}}
	t.size = max(int64(sc.Size/c.Shrink), 1)
	if t.server, err = start(ctx, lib.Command, sc, int(t.size), address, c.Limit); err != nil {
		return fault(Broken, "%v", err)
	}
	defer t.server.stop(time.Second)
	return t.judge()
}

// judge runs the scenario and looks at the process afterwards.
func (t *trial) judge() Verdict {
	release := context.AfterFunc(t.ctx, t.hangUp)
	v := t.sc.run(t)
	release()
	t.hangUp()
	if err := t.ctx.Err(); errors.Is(err, context.DeadlineExceeded) {
		v = fault(NoAnswer, "%v", errOver)
	} else if err != nil {
		return fault(Broken, "%v", err)
	}
	if !v.Fault() && t.server.died() == "" {
		return v
	}
	if why := t.obituary(); why != "" {
		return fault(Died, "%s", why)
	}
	if why, ok := t.server.take("cannot "); ok {
		return fault(Cannot, "%s; tried all the same: %s, %s", why, v, v.Why)
	}
	return v
}

// obituary is how the process has died, or dies now: its last sign of life may
// come before its end.
func (t *trial) obituary() string {
	moment := time.NewTimer(t.grace)
	defer moment.Stop()
	select {
	case <-t.server.over:
	case <-moment.C:
	}
	return t.server.died()
}

// dial connects to the server.
func (t *trial) dial() (net.Conn, error) {
	d := net.Dialer{Timeout: t.idle}
	c, err := d.DialContext(t.ctx, t.sc.Network, t.server.address)
	if err != nil {
		return nil, err
	}
	t.lock.Lock()
	defer t.lock.Unlock()
	t.conns[c] = struct{}{}
	if t.ctx.Err() != nil {
		_ = c.Close() // hangUp has been here
	}
	return c, nil
}

// drop ends a connection by end.
func (t *trial) drop(c net.Conn, end func(net.Conn)) {
	t.lock.Lock()
	delete(t.conns, c)
	t.lock.Unlock()
	end(c)
}

func shut(c net.Conn) { _ = c.Close() }

// hangUp ends all connections.
func (t *trial) hangUp() {
	t.lock.Lock()
	defer t.lock.Unlock()
	for c := range t.conns {
		_ = c.Close()
	}
	clear(t.conns)
}

// ask connects and sends one byte.
func (t *trial) ask(what byte) (net.Conn, error) {
	c, err := t.dial()
	if err == nil {
		_, err = c.Write([]byte{what})
	}
	return c, err
}

// several dials n connections that answer.
func (t *trial) several(n int) ([]net.Conn, error) {
	var list []net.Conn
	for i := range n {
		c, err := t.dial()
		if err == nil {
			err = t.ping(c, fmt.Sprintf("first of %d", i))
		}
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}
