//go:build unix

package engine_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

func listenOn(t *testing.T, l *engine.Loop, o engine.ServerOptions) *engine.Listener {
	t.Helper()
	k, err := engine.Listen(t.Context(), l, local(o))
	must(t, err)
	t.Cleanup(func() { _ = k.Close() })
	return k
}

// dials makes net/http connect by a loop.
func dials(l *engine.Loop) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, _, address string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		return engine.Dial(ctx, l, engine.ConnectOptions{Host: host, Port: port})
	}
}

// TestListenerHTTP has net/http serve and ask over loops, with and without TLS.
func TestListenerHTTP(t *testing.T) {
	for _, encrypted := range []bool{false, true} {
		served, asking := servingLoop(t), servingLoop(t)
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body) // or the answer is too short
			_, _ = w.Write(body)
		}))
		must(t, s.Listener.Close())
		s.Listener = listenOn(t, served, engine.ServerOptions{})
		if encrypted {
			s.StartTLS()
		} else {
			s.Start()
		}
		client := s.Client()
		client.Transport.(*http.Transport).DialContext = dials(asking)
		var all sync.WaitGroup
		for n := range 8 {
			all.Go(func() {
				for i := range 10 {
					posts(t, client, s.URL, pattern(1+n*i*4000))
				}
			})
		}
		all.Wait()
		client.CloseIdleConnections()
		s.Close()
	}
}

// posts wants the body back.
func posts(t *testing.T, client *http.Client, url string, body []byte) {
	answer, err := client.Post(url, "application/octet-stream", bytes.NewReader(body))
	if err != nil {
		t.Error(err)
		return
	}
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	if err != nil || !bytes.Equal(got, body) {
		t.Errorf("%d bytes of %d came back, %v", len(got), len(body), err)
	}
}

// TestListenerTLS: crypto/tls over both ends of a loop.
func TestListenerTLS(t *testing.T) {
	l := servingLoop(t)
	k := listenOn(t, l, engine.ServerOptions{})
	s := httptest.NewUnstartedServer(nil) // for its certificate
	s.StartTLS()
	defer s.Close()
	served := meanwhile(func() error {
		c, err := k.Accept()
		if err != nil {
			return err
		}
		secure := tls.Server(c, &tls.Config{Certificates: s.TLS.Certificates})
		defer secure.Close()
		_, err = io.Copy(secure, secure)
		return err
	})
	bare, err := engine.Dial(t.Context(), l, engine.ConnectOptions{Host: "127.0.0.1", Port: portOf(k.Addr())})
	must(t, err)
	config := s.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	config.ServerName = "example.com"
	secure := tls.Client(bare, config)
	says(t, secure, "a secret")
	must(t, secure.Close())
	must(t, <-served)
}

// TestListenerClose: the port is free, what nobody has accepted ends, and the rest
// goes on.
func TestListenerClose(t *testing.T) {
	l := servingLoop(t)
	k := listenOn(t, l, engine.ServerOptions{})
	at := k.Addr()
	first := client(t, at)
	c, err := k.Accept()
	must(t, err)
	second := client(t, at)
	until(t, l, func() bool { return k.Server().Stats().Accepted == 2 })
	accept := meanwhile(func() error { _, err := k.Accept(); return err })
	must(t, <-accept) // the second one, which is dropped
	third := client(t, at)
	until(t, l, func() bool { return k.Server().Stats().Accepted == 3 })
	must(t, k.Close())
	if _, err := third.Read(make([]byte, 1)); err == nil {
		t.Error("what nobody has accepted goes on")
	}
	refuses(t, at)
	wantNetErr(t, "Accept", func() error { _, err := k.Accept(); return err }(), net.ErrClosed)
	wantNetErr(t, "Close", k.Close(), net.ErrClosed)
	says(t, c2{first, c}, "goes on")
	must(t, c.Close())
	must(t, second.Close())
	onLoop(t, l, k.Server().CloseClients)
}

func TestListenerCloseEndsAccept(t *testing.T) {
	l := servingLoop(t)
	k := listenOn(t, l, engine.ServerOptions{})
	accept := meanwhile(func() error { _, err := k.Accept(); return err })
	onLoop(t, l, func() {
		_, err := k.Accept()
		wantNetErr(t, "Accept on the loop", err, engine.ErrNotInTask)
		must(t, k.Close())
	})
	wantNetErr(t, "Accept", <-accept, net.ErrClosed)
}

// TestListenerOfAServerThatEnds: Accept hands out what was accepted, and then ends.
func TestListenerOfAServerThatEnds(t *testing.T) {
	for name, end := range map[string]func(*engine.Server) error{
		"Close": func(s *engine.Server) error {
			onLoop(t, s.Loop(), s.Close)
			return nil
		},
		"Shutdown": shutDown,
	} {
		t.Run(name, func(t *testing.T) {
			l := servingLoop(t)
			k := listenOn(t, l, engine.ServerOptions{})
			waits := meanwhile(func() error { _, err := k.Accept(); return err })
			first := client(t, k.Addr())
			must(t, <-waits)
			for range 3 {
				client(t, k.Addr())
			}
			until(t, l, func() bool { return k.Server().Stats().Accepted == 4 })
			must(t, end(k.Server()))
			for range 3 {
				_, err := k.Accept()
				must(t, err)
			}
			for range 2 {
				_, err := k.Accept()
				wantNetErr(t, "Accept", err, net.ErrClosed)
			}
			must(t, k.Close())
			wantNetErr(t, "Close", k.Close(), net.ErrClosed)
			must(t, first.Close())
		})
	}
}

// TestServerThatEndsUnderAccept: all that wait are told.
func TestServerThatEndsUnderAccept(t *testing.T) {
	l := servingLoop(t)
	k := listenOn(t, l, engine.ServerOptions{})
	accept := func() error { _, err := k.Accept(); return err }
	one, other := meanwhile(accept), meanwhile(accept)
	onLoop(t, l, k.Server().Close)
	wantNetErr(t, "Accept", <-one, net.ErrClosed)
	wantNetErr(t, "Accept", <-other, net.ErrClosed)
}

// TestServerThatEndsAsConnectionsCome: each that the server has accepted is handed
// out, also if it had no protocol yet.
func TestServerThatEndsAsConnectionsCome(t *testing.T) {
	for range 20 {
		l := servingLoop(t)
		k := listenOn(t, l, engine.ServerOptions{})
		var accepted uint64
		accepting := meanwhile(func() error {
			for {
				if _, err := k.Accept(); err != nil {
					return err
				}
				accepted++
			}
		})
		for range 5 {
			client(t, k.Addr())
		}
		must(t, shutDown(k.Server()))
		wantNetErr(t, "Accept", <-accepting, net.ErrClosed)
		isEqual(t, "handed out", accepted, 5)
	}
}

func shutDown(s *engine.Server) error {
	_, err := s.Shutdown(context.Background())
	return err
}

// TestListenerOfOtherLoop: a task of another loop makes one and closes it.
func TestListenerOfOtherLoop(t *testing.T) {
	l, other := servingLoop(t), newLoop(t)
	var k *engine.Listener
	var err error
	runTask(t, other, func(ctx context.Context) {
		if k, err = engine.Listen(ctx, l, local(engine.ServerOptions{})); err == nil {
			client(t, k.Addr())
			err = k.Close()
		}
	})
	must(t, err)
	onLoop(t, l, nop) // behind the close
	refuses(t, k.Addr())
}

// TestListenerQueue: no more than the backlog is accepted ahead, and none is lost.
func TestListenerQueue(t *testing.T) {
	const backlog, clients = 4, 13
	l := servingLoop(t)
	k := listenOn(t, l, engine.ServerOptions{Backlog: backlog, AcceptBatch: 1})
	var all []net.Conn
	for range 2 * backlog {
		all = append(all, client(t, k.Addr()))
	}
	until(t, l, func() bool { return k.Server().Stats().Accepted >= backlog })
	for range 5 {
		onLoop(t, l, nop)
	}
	onLoop(t, l, func() {
		if n := k.Server().Stats().Accepted; n > backlog+1 { // the one that was in its turn
			t.Errorf("%d accepted ahead, want %d", n, backlog)
		}
	})
	for i := range clients {
		if i >= len(all) {
			all = append(all, client(t, k.Addr()))
		}
		c, err := k.Accept()
		must(t, err)
		must(t, wrote(c.Write([]byte("x"))))
		must(t, c.Close())
	}
	for _, c := range all {
		hears(t, c, "x")
	}
}

// TestListenerQueueOfTheGone: a connection that ends in the queue makes room below
// MaxConnections, but none in the queue, which a crowd that comes and goes would fill.
func TestListenerQueueOfTheGone(t *testing.T) {
	l := servingLoop(t)
	k := listenOn(t, l, engine.ServerOptions{Backlog: 1, MaxConnections: 1})
	gone := client(t, k.Addr())
	until(t, l, func() bool { return k.Server().Stats().Active == 1 })
	must(t, gone.(*net.TCPConn).SetLinger(0))
	must(t, gone.Close())
	until(t, l, func() bool { return k.Server().Stats().Closed == 1 })
	next := client(t, k.Addr())
	for range 5 {
		onLoop(t, l, nop)
	}
	onLoop(t, l, func() { isEqual(t, "accepted", k.Server().Stats().Accepted, 1) })
	for range 2 {
		c, err := k.Accept()
		must(t, err)
		_, _ = c.Write([]byte("x")) // one is gone
		must(t, c.Close())
	}
	hears(t, next, "x")
}
