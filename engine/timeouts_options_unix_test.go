//go:build unix

package engine_test

import (
	"context"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// ender is a protocol that tells of its timeouts and of its end.
func ender(made chan engine.Timeouts, lost chan error) engine.ProtocolFactory {
	return func() engine.Protocol {
		return &served{
			made: func(tr engine.Transport) { made <- tr.Timeouts() },
			lost: func(err error) { lost <- err },
		}
	}
}

// TestTimeoutsOfServers are those of its connections, from the beginning, on the
// clock of the system.
func TestTimeoutsOfServers(t *testing.T) {
	l := servingLoop(t)
	made, lost := make(chan engine.Timeouts, 1), make(chan error, 1)
	timeouts := engine.Timeouts{Idle: 3 * time.Millisecond, Read: time.Millisecond}
	tcp := serve(t, l, ender(made, lost), local(engine.ServerOptions{Timeouts: timeouts}))
	path := filepath.Join(t.TempDir(), "s")
	local, err := l.CreateUnixServer(t.Context(), ender(made, lost), engine.UnixServerOptions{Path: path, Timeouts: timeouts})
	must(t, err)
	endServer(t, l, local)
	for _, s := range []*engine.Server{tcp, local} {
		began := time.Now()
		c := client(t, address(t, l, s))
		isEqual(t, "timeouts", <-made, timeouts)
		wantTimeout(t, <-lost, "read", engine.ErrTimeout, 0)
		if took := time.Since(began); took < timeouts.Read {
			t.Errorf("ended after %v", took)
		}
		hangsUp(t, c)
		isEqual(t, "counted", statsOf(t, l, s), engine.ServerStats{Accepted: 1, Closed: 1, TimedOut: 1})
	}
}

// TestTimeoutsOfConnections that are made: they begin with the connection, that of
// an accepted socket too.
func TestTimeoutsOfConnections(t *testing.T) {
	post := newOutpost(t)
	path := filepath.Join(t.TempDir(), "s")
	outpostAt(t, "unix", path)
	l := servingLoop(t)
	made, lost := make(chan engine.Timeouts, 1), make(chan error, 1)
	timeouts := engine.Timeouts{Idle: time.Millisecond}
	o := post.options()
	o.Timeouts = timeouts
	_, _, err := l.CreateConnection(t.Context(), ender(made, lost), o)
	must(t, err)
	isEqual(t, "timeouts", <-made, timeouts)
	wantTimeout(t, <-lost, "idle", engine.ErrTimeout, 0)

	for _, own := range []bool{false, true} {
		o := engine.UnixConnectOptions{Path: path, Timeouts: timeouts}
		if own {
			a, b, err := engine.SocketPair(engine.AFUnix, engine.SockStream, 0)
			must(t, err)
			defer b.Close()
			o.Path, o.Sock = "", a
		}
		_, _, err = l.CreateUnixConnection(t.Context(), ender(made, lost), o)
		must(t, err)
		isEqual(t, "timeouts", <-made, timeouts)
		wantTimeout(t, <-lost, "idle", engine.ErrTimeout, 0)
	}

	a, b, err := engine.SocketPair(engine.AFUnix, engine.SockStream, 0)
	must(t, err)
	_, _, err = l.ConnectAcceptedSocket(t.Context(), ender(made, lost), a, engine.AcceptedOptions{Timeouts: timeouts})
	must(t, err)
	isEqual(t, "timeouts", <-made, timeouts)
	wantTimeout(t, <-lost, "idle", engine.ErrTimeout, 0)
	must(t, b.Close())
}

// TestTimeoutsInConnectionMade replace those of the options.
func TestTimeoutsInConnectionMade(t *testing.T) {
	l := servingLoop(t)
	lost := make(chan error, 1)
	s := serve(t, l, func() engine.Protocol {
		return &served{
			made: func(tr engine.Transport) {
				must(t, tr.SetTimeouts(engine.Timeouts{Idle: time.Millisecond}))
			},
			lost: func(err error) { lost <- err },
		}
	}, local(engine.ServerOptions{Timeouts: engine.Timeouts{Read: time.Hour}}))
	client(t, address(t, l, s))
	wantTimeout(t, <-lost, "idle", engine.ErrTimeout, 0)
}

// TestABusyConnectionHasNoTimeout, which would come a few times otherwise.
func TestABusyConnectionHasNoTimeout(t *testing.T) {
	const each = 50 * time.Millisecond
	l := servingLoop(t)
	lost := make(chan error, 1)
	s := serve(t, l, func() engine.Protocol {
		e := &served{lost: func(err error) { lost <- err }}
		e.data = func(p []byte) { _, _ = e.transport.Write(p) }
		return e
	}, local(engine.ServerOptions{Timeouts: engine.Timeouts{Idle: each, Read: each, Write: each}}))
	c := client(t, address(t, l, s))
	longest, last := time.Duration(0), time.Now()
	for began := last; time.Since(began) < 4*each && len(lost) == 0; {
		if _, err := io.WriteString(c, "x"); err != nil {
			break
		}
		if _, err := c.Read(make([]byte, 1)); err != nil {
			break
		}
		now := time.Now()
		longest, last = max(longest, now.Sub(last)), now
	}
	if longest = max(longest, time.Since(last)); len(lost) > 0 && longest < each/2 {
		t.Errorf("lost by %v, though no round took longer than %v", <-lost, longest)
	}
}

// TestCloseTimeoutOfAServer limits CloseClients and Shutdown.
func TestCloseTimeoutOfAServer(t *testing.T) {
	for _, end := range map[string]func(l *engine.Loop, s *engine.Server){
		"CloseClients": func(l *engine.Loop, s *engine.Server) { onLoop(t, l, s.CloseClients) },
		"Shutdown":     func(_ *engine.Loop, s *engine.Server) { must(t, ends(s.Shutdown(context.Background()))) },
	} {
		l := newLoop(t, engine.Config{CloseTimeout: time.Millisecond})
		start(t, l)
		full, lost := make(chan struct{}), make(chan error, 1)
		path := filepath.Join(t.TempDir(), "s")
		s, err := l.CreateUnixServer(t.Context(), func() engine.Protocol {
			return &served{
				made: func(tr engine.Transport) { blocked(t, tr); close(full) },
				lost: func(err error) { lost <- err },
			}
		}, engine.UnixServerOptions{Path: path})
		must(t, err)
		endServer(t, l, s)
		client(t, address(t, l, s)) // reads nothing
		<-full
		end(l, s)
		wantErr(t, "ConnectionLost", <-lost, engine.ErrCloseTimeout)
	}
}
