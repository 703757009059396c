//go:build unix

package engine_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// TestCloseEndsServers: the end of a loop closes its servers, the connections
// that are open, those that no protocol has learned of, and those whose end has
// not been told, and tells nobody.
func TestCloseEndsServers(t *testing.T) {
	l := newLoop(t)
	var open []engine.Transport
	factory := func() engine.Protocol {
		return &served{
			made: func(tr engine.Transport) { open = append(open, tr) },
			lost: func(error) { t.Error("an end was told") },
		}
	}
	path := filepath.Join(t.TempDir(), "socket")
	tcp, err := engine.RunUntilComplete(l, func(ctx context.Context) (*engine.Server, error) {
		if _, err := l.CreateUnixServer(ctx, factory, engine.UnixServerOptions{Path: path}); err != nil {
			return nil, err
		}
		return l.CreateServer(ctx, factory, local(engine.ServerOptions{Port: 0}))
	})
	must(t, err)
	at, err := tcp.Sockets()[0].LocalAddr()
	must(t, err)
	clients := []net.Conn{client(t, at), client(t, at)}
	for len(open) < 2 {
		turn(t, l)
	}
	clients = append(clients, client(t, at))
	for tcp.Stats().Accepted < 3 {
		turn(t, l)
	}
	open[0].Abort()
	must(t, l.Close())

	for _, c := range clients {
		if n, err := c.Read(make([]byte, 1)); n > 0 || err == nil {
			t.Error("a connection is open")
		}
	}
	refuses(t, at)
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the file of the unix server: %v", err)
	}
	if stats := tcp.Stats(); stats.Active != 0 || stats.Accepted != stats.Closed+stats.Refused || stats.Refused != 1 {
		t.Errorf("%+v", stats)
	}
}

// TestWaitClosedCancelled: who does not wait any more is forgotten.
func TestWaitClosedCancelled(t *testing.T) {
	l := newLoop(t)
	s := serveHere(t, l, echo, engine.ServerOptions{})
	task := engine.CreateTask(l, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, s.WaitClosed(ctx)
	}, engine.TaskOptions{})
	turn(t, l)
	isEqual(t, "waiting", s.Waiting(), 1)
	task.Cancel(nil)
	untilSo(t, l, task.Done)
	wantErr(t, "WaitClosed", task.Err(), engine.ErrCancelled)
	isEqual(t, "waiting", s.Waiting(), 0)
}
