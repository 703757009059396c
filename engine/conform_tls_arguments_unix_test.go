//go:build unix

package engine_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// certified is a config that a server can have.
func certified() *tls.Config { return &tls.Config{Certificates: make([]tls.Certificate, 1)} }

// tlsCalls are the calls with parameters of TLS, on a loop that does not run: one
// that touches anything fails differently. Sockets have to stay the caller's.
type tlsCalls struct {
	t     *testing.T
	loop  *engine.Loop
	dir   string
	socks []*engine.Socket
}

func newTLSCalls(t *testing.T) *tlsCalls {
	t.Helper()
	return &tlsCalls{t: t, loop: newLoop(t), dir: shortDir(t)}
}

// nothingTouched is deferred.
func (c *tlsCalls) nothingTouched() {
	for _, s := range c.socks {
		if s.Fd() < 0 {
			c.t.Error("a socket was taken")
		}
	}
	if left, err := filepath.Glob(filepath.Join(c.dir, "*")); len(left) > 0 || err != nil {
		c.t.Errorf("there are %v, %v", left, err)
	}
}

// connected is a socket that is watched.
func (c *tlsCalls) connected() *engine.Socket {
	c.t.Helper()
	a, _ := streams(c.t)
	c.socks = append(c.socks, a)
	return a
}

func (c *tlsCalls) path() string { return filepath.Join(c.dir, "s") }

func neverMade() engine.Protocol { panic("made all the same") }

func (c *tlsCalls) connect(t *testing.T, o engine.ConnectOptions) error {
	_, _, err := c.loop.CreateConnection(t.Context(), neverMade, o)
	return err
}

func (c *tlsCalls) connectUnix(t *testing.T, o engine.UnixConnectOptions) error {
	_, _, err := c.loop.CreateUnixConnection(t.Context(), neverMade, o)
	return err
}

func (c *tlsCalls) serve(t *testing.T, o engine.ServerOptions) error {
	_, err := c.loop.CreateServer(t.Context(), neverMade, o)
	return err
}

func (c *tlsCalls) serveUnix(t *testing.T, o engine.UnixServerOptions) error {
	_, err := c.loop.CreateUnixServer(t.Context(), neverMade, o)
	return err
}

func (c *tlsCalls) accepted(t *testing.T, o engine.AcceptedOptions) error {
	_, _, err := c.loop.ConnectAcceptedSocket(t.Context(), neverMade, c.connected(), o)
	return err
}

// wantNoTLS wants the error of parameters that are right.
func wantNoTLS(t *testing.T, what string, err error) {
	t.Helper()
	wantErr(t, what, err, engine.ErrUnsupported)
	if err != nil && !strings.Contains(err.Error(), "TLS") {
		t.Errorf("%s: %v does not name TLS", what, err)
	}
}

// badTimes are times that no config allows, and those that need one.
func badTimes(alone bool) map[string]engine.TLSOptions {
	d := time.Duration(-1)
	if alone {
		d = 1
	}
	return map[string]engine.TLSOptions{"HandshakeTimeout": {HandshakeTimeout: d}, "ShutdownTimeout": {ShutdownTimeout: d}}
}

func TestConnectTLSArguments(t *testing.T) {
	c, with := newTLSCalls(t), &tls.Config{}
	defer c.nothingTouched()
	prove(t, "CONN-15", func(t *testing.T) {
		o := engine.ConnectOptions{Port: 1, ServerHostname: "host.test"}
		wantArgError(t, "a name", c.connect(t, o), "ServerHostname")
		o = engine.ConnectOptions{Port: 1, AnyHostname: true}
		wantArgError(t, "any name", c.connect(t, o), "AnyHostname")
	})
	prove(t, "CONN-19", func(t *testing.T) {
		for arg, times := range badTimes(true) {
			wantArgError(t, arg, c.connect(t, engine.ConnectOptions{Port: 1, TLSOptions: times}), arg)
		}
	})
	prove(t, "CONN-12", func(t *testing.T) {
		if _, ok := any(&tls.Conn{}).(syscall.Conn); ok { // what SocketFrom takes
			t.Error("a socket can be made of a TLS connection")
		}
	})
	for arg, times := range badTimes(false) {
		for _, config := range []*tls.Config{nil, with} {
			wantArgError(t, arg, c.connect(t, engine.ConnectOptions{Port: 1, TLS: config, TLSOptions: times}), arg)
		}
	}
	// No host, and no name.
	wantArgError(t, "a port", c.connect(t, engine.ConnectOptions{Port: 1, TLS: with}), "ServerHostname")
	wantArgError(t, "a socket", c.connect(t, engine.ConnectOptions{Sock: c.connected(), TLS: with}), "ServerHostname")
	both := engine.ConnectOptions{Port: 1, TLS: with, ServerHostname: "host.test", AnyHostname: true}
	wantArgError(t, "two names", c.connect(t, both), "AnyHostname")
	wantArgError(t, "another argument", c.connect(t, engine.ConnectOptions{Host: "h", TLS: with, LocalPort: -1}), "LocalPort")
}

// TestConnectTLSUnsupported: parameters that are right, each with a name of its
// own kind.
func TestConnectTLSUnsupported(t *testing.T) {
	c, with := newTLSCalls(t), &tls.Config{}
	defer c.nothingTouched()
	for what, o := range map[string]engine.ConnectOptions{
		"the host":      {Host: "host.test", TLS: with},
		"a name":        {Port: 1, TLS: with, ServerHostname: "host.test"},
		"any name":      {Sock: c.connected(), TLS: with, AnyHostname: true},
		"of the config": {Sock: c.connected(), TLS: &tls.Config{ServerName: "host.test"}},
		"times":         {Host: "host.test", TLS: with, TLSOptions: engine.TLSOptions{HandshakeTimeout: 1, ShutdownTimeout: 1}},
	} {
		wantNoTLS(t, what, c.connect(t, o))
	}
	path := c.path()
	for what, o := range map[string]engine.UnixConnectOptions{
		"a name":        {Path: path, TLS: with, ServerHostname: "host.test"},
		"any name":      {Sock: c.connected(), TLS: with, AnyHostname: true},
		"of the config": {Path: path, TLS: &tls.Config{ServerName: "host.test"}},
	} {
		wantNoTLS(t, what, c.connectUnix(t, o))
	}
}

func TestUnixTLSArguments(t *testing.T) {
	c, with := newTLSCalls(t), &tls.Config{}
	defer c.nothingTouched()
	prove(t, "UNIX-04", func(t *testing.T) {
		for _, o := range []engine.UnixConnectOptions{{Path: c.path(), TLS: with}, {Sock: c.connected(), TLS: with}} {
			wantArgError(t, "no name", c.connectUnix(t, o), "ServerHostname")
		}
		o := engine.UnixConnectOptions{Path: c.path(), ServerHostname: "host.test"}
		wantArgError(t, "a name", c.connectUnix(t, o), "ServerHostname")
		o = engine.UnixConnectOptions{Path: c.path(), AnyHostname: true}
		wantArgError(t, "any name", c.connectUnix(t, o), "AnyHostname")
		for arg, times := range badTimes(true) {
			wantArgError(t, arg, c.connectUnix(t, engine.UnixConnectOptions{Path: c.path(), TLSOptions: times}), arg)
		}
	})
	for arg, times := range badTimes(false) {
		o := engine.UnixConnectOptions{Path: c.path(), TLS: with, ServerHostname: "host.test", TLSOptions: times}
		wantArgError(t, arg, c.connectUnix(t, o), arg)
	}
	for arg, o := range map[string]engine.UnixConnectOptions{
		"Path":          {Path: strings.Repeat("x", 200)},
		"Sock":          {Sock: newSocket(t, engine.AFUnix, engine.SockDgram)},
		"Timeouts.Idle": {Path: c.path(), Timeouts: engine.Timeouts{Idle: -1}},
	} {
		o.TLS, o.AnyHostname = with, true
		wantArgError(t, "another argument", c.connectUnix(t, o), arg)
	}
}

// wantsConfig complains when the options take anything but a config.
func wantsConfig(t *testing.T, options any) {
	t.Helper()
	f, ok := reflect.TypeOf(options).FieldByName("TLS")
	if !ok || f.Type != reflect.TypeFor[*tls.Config]() {
		t.Errorf("%T has a TLS of type %v", options, f.Type)
	}
}

func TestServerTLSArguments(t *testing.T) {
	c := newTLSCalls(t)
	defer c.nothingTouched()
	prove(t, "SRV-21", func(t *testing.T) {
		wantsConfig(t, engine.ServerOptions{})
		for arg, times := range badTimes(true) {
			wantArgError(t, arg, c.serve(t, local(engine.ServerOptions{TLSOptions: times})), arg)
		}
	})
	prove(t, "UNIX-11", func(t *testing.T) { wantsConfig(t, engine.UnixServerOptions{}) })
	prove(t, "UNIX-12", func(t *testing.T) {
		for arg, times := range badTimes(true) {
			wantArgError(t, arg, c.serveUnix(t, engine.UnixServerOptions{Path: c.path(), TLSOptions: times}), arg)
		}
	})
	for arg, times := range badTimes(false) {
		for _, config := range []*tls.Config{nil, certified()} {
			wantArgError(t, arg, c.serve(t, local(engine.ServerOptions{TLS: config, TLSOptions: times})), arg)
			wantArgError(t, arg, c.serveUnix(t, engine.UnixServerOptions{Path: c.path(), TLS: config, TLSOptions: times}), arg)
			wantArgError(t, arg, c.accepted(t, engine.AcceptedOptions{TLS: config, TLSOptions: times}), arg)
		}
	}
	none := &tls.Config{}
	wantArgError(t, "no certificate", c.serve(t, local(engine.ServerOptions{TLS: none})), "TLS")
	wantArgError(t, "no certificate", c.serveUnix(t, engine.UnixServerOptions{Path: c.path(), TLS: none}), "TLS")
	wantArgError(t, "no certificate", c.accepted(t, engine.AcceptedOptions{TLS: none}), "TLS")
	bad := engine.Timeouts{Read: -1}
	wantArgError(t, "another argument", c.serve(t, local(engine.ServerOptions{TLS: certified(), Timeouts: bad})), "Timeouts.Read")
	wantArgError(t, "another argument", c.accepted(t, engine.AcceptedOptions{TLS: certified(), Timeouts: bad}), "Timeouts.Read")
}

// TestServerTLSUnsupported: a certificate comes in one of three ways.
func TestServerTLSUnsupported(t *testing.T) {
	c := newTLSCalls(t)
	defer c.nothingTouched()
	for i, config := range []*tls.Config{
		certified(),
		{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, nil }},
		{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return nil, nil }},
	} {
		what, times := fmt.Sprint("config ", i), engine.TLSOptions{HandshakeTimeout: 1, ShutdownTimeout: 1}
		wantNoTLS(t, what, c.serve(t, local(engine.ServerOptions{TLS: config, TLSOptions: times})))
		wantNoTLS(t, what, c.serve(t, engine.ServerOptions{TLS: config, Sock: c.bound()}))
		wantNoTLS(t, what, c.serveUnix(t, engine.UnixServerOptions{Path: c.path(), TLS: config, TLSOptions: times}))
		wantNoTLS(t, what, c.accepted(t, engine.AcceptedOptions{TLS: config, TLSOptions: times}))
	}
	g, err := engine.NewGroup(1, engine.Config{})
	must(t, err)
	defer func() { must(t, ends(g.Shutdown(context.Background()))) }()
	_, err = g.CreateServer(t.Context(), neverMade, engine.GroupServerOptions{ServerOptions: local(engine.ServerOptions{TLS: certified()})})
	wantNoTLS(t, "a group", err)
	unix := engine.UnixServerOptions{Path: c.path(), TLS: certified()}
	_, err = g.CreateUnixServer(t.Context(), neverMade, engine.GroupUnixServerOptions{UnixServerOptions: unix})
	wantNoTLS(t, "a group", err)
}

// bound is a socket to listen on that is watched.
func (c *tlsCalls) bound() *engine.Socket {
	c.t.Helper()
	s, _ := listening(c.t)
	c.socks = append(c.socks, s)
	return s
}
