package engine

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"

	"github.com/shardloop/shardloop/engine/internal/sock"
)

// UnixConnectOptions are the keyword parameters of create_unix_connection: one of
// the two has to be given.
type UnixConnectOptions struct {
	// Path is the server's file. One that begins with a zero byte, or with an at
	// sign, is an abstract name, which has no file (Linux).
	Path string

	// Sock is a unix stream socket that is connected already. The transport owns
	// it.
	Sock *Socket

	// TLS, ServerHostname, AnyHostname and Timeouts are as in ConnectOptions. With
	// TLS one of the two has to be given, or the config's ServerName.
	TLS *tls.Config
	TLSOptions
	ServerHostname string
	AnyHostname    bool
	Timeouts       Timeouts
}

func (o *UnixConnectOptions) validate() error {
	switch {
	case o.Path == "" && o.Sock == nil:
		return badArg("Path", "must be given, or Sock")
	case o.Path != "" && o.Sock != nil:
		return badArg("Sock", "must not be given with Path")
	}
	return cmp.Or(checkPath("Path", o.Path), o.Timeouts.validate("Timeouts."), checkUnixSocket("Sock", o.Sock), checkConnected("Sock", o.Sock),
		validateClientTLS(o.TLS, o.TLSOptions, o.ServerHostname, o.AnyHostname, ""))
}

func checkUnixSocket(arg string, s *Socket) error {
	if s != nil && (s.Family() != AFUnix || s.Type() != SockStream) {
		return badArg(arg, "must be a unix stream socket")
	}
	return nil
}

func checkUnixListener(arg string, s *Socket) error {
	return cmp.Or(checkUnixSocket(arg, s), checkListener(arg, s))
}

func checkStreamListener(arg string, s *Socket) error {
	if s.Type() != SockStream {
		return badArg(arg, "must be a stream socket")
	}
	return checkListener(arg, s)
}

// checkListener refuses a socket that cannot listen. A closed one is for others to
// refuse.
func checkListener(arg string, s *Socket) error {
	if s.Fd() < 0 {
		return nil
	}
	if _, err := sock.Peer(s.Fd()); err == nil {
		return badArg(arg, "must not be connected")
	}
	if a, err := sock.Name(s.Fd()); err == nil && s.Family() == AFUnix && a.Name() == "" {
		return badArg(arg, "must be bound")
	}
	return nil
}

// unixAddress is the address of a path, or an *ArgError for arg.
func unixAddress(arg, path string) (sock.Addr, error) {
	return addrFor(arg, &net.UnixAddr{Name: path}, AFUnix)
}

// checkPath refuses a path that is no address; an empty one was not given.
func checkPath(arg, path string) error {
	if path == "" {
		return nil
	}
	_, err := unixAddress(arg, path)
	return err
}

// CreateUnixConnection is CreateConnection for unix sockets:
// create_unix_connection. It fails with ErrUnsupported where the system has none.
func (l *Loop) CreateUnixConnection(ctx context.Context, f ProtocolFactory, o UnixConnectOptions) (Transport, Protocol, error) {
	if err := checkFactory(f); err != nil {
		return nil, nil, err
	}
	if err := o.validate(); err != nil {
		return nil, nil, err
	}
	if o.Sock != nil {
		return l.establish(ctx, f, o.Timeouts, func(context.Context) (endpoint, error) { return takeSocket("connect", o.Sock) })
	}
	to, err := unixAddress("Path", o.Path)
	if err != nil {
		return nil, nil, err
	}
	info := AddrInfo{Family: AFUnix, Type: SockStream, Addr: to}
	return l.establish(ctx, f, o.Timeouts, func(ctx context.Context) (endpoint, error) { return tried(l.attempt(ctx, info, nil)) })
}
