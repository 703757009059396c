package engine_test

import (
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// wantArgError wants an *ArgError for the argument.
func wantArgError(t *testing.T, what string, err error, arg string) {
	t.Helper()
	var bad *engine.ArgError
	if !errors.As(err, &bad) || bad.Arg != arg || !errors.Is(err, engine.ErrInvalidArgument) {
		t.Errorf("%s: %v, want an *ArgError for %s", what, err, arg)
	}
}

func TestSocketArguments(t *testing.T) {
	for arg, c := range map[string]struct{ family, typ, proto int }{
		"family": {engine.AFUnspec, engine.SockStream, 0},
		"typ":    {engine.AFInet, 0, 0},
		"proto":  {engine.AFInet, engine.SockStream, -1},
	} {
		_, err := engine.NewSocket(c.family, c.typ, c.proto)
		wantArgError(t, "NewSocket", err, arg)
		_, _, err = engine.SocketPair(c.family, c.typ, c.proto)
		wantArgError(t, "SocketPair", err, arg)
	}
	_, err := engine.SocketFrom(nil)
	wantArgError(t, "SocketFrom", err, "c")
}

// TestEmptySocket: the zero value must not be the descriptor 0.
func TestEmptySocket(t *testing.T) {
	s := new(engine.Socket)
	if s.Fd() != -1 {
		t.Errorf("the descriptor is %d", s.Fd())
	}
	wantErr(t, "Listen", s.Listen(1), net.ErrClosed)
	must(t, s.Close())
	wantErr(t, "SetOption", new(engine.TransportSocket).SetOption(0, 0, 0), net.ErrClosed)
}

// TestSocketBadAddress needs no socket: arguments come first.
func TestSocketBadAddress(t *testing.T) {
	s := new(engine.Socket)
	for _, addr := range []net.Addr{nil, &net.IPNet{}, &net.TCPAddr{Port: -1}, &net.UnixAddr{Name: strings.Repeat("x", 200)}} {
		wantArgError(t, "Bind", s.Bind(addr), "addr")
	}
	wantArgError(t, "Listen", s.Listen(-1), "backlog")
	for _, how := range []int{-1, 3} {
		wantArgError(t, "Shutdown", s.Shutdown(how), "how")
	}
}
