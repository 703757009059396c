package engine

import (
	"context"

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
}

func (o *UnixConnectOptions) validate() error {
	switch {
	case o.Path == "" && o.Sock == nil:
		return badArg("Path", "must be given, or Sock")
	case o.Path != "" && o.Sock != nil:
		return badArg("Sock", "must not be given with Path")
	}
	return checkUnixSocket(o.Sock)
}

func checkUnixSocket(s *Socket) error {
	if s != nil && (s.Family() != AFUnix || s.Type() != SockStream) {
		return badArg("Sock", "must be a unix stream socket")
	}
	return nil
}

// unixAddress is the address of a path, or an *ArgError.
func unixAddress(path string) (sock.Addr, error) {
	a := sock.UnixAddr(abstractName(path))
	if _, err := a.For(AFUnix); err != nil {
		bad, _ := err.(*sock.AddrError)
		return a, badArg("Path", bad.Reason)
	}
	return a, nil
}

// abstractName is a path with the zero byte that package net writes as an at sign.
func abstractName(path string) string {
	if path[0] == '@' {
		return "\x00" + path[1:]
	}
	return path
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
		return l.establish(ctx, f, func(context.Context) (endpoint, error) { return takeSocket("connect", o.Sock) })
	}
	to, err := unixAddress(o.Path)
	if err != nil {
		return nil, nil, err
	}
	info := AddrInfo{Family: AFUnix, Type: SockStream, Addr: to}
	return l.establish(ctx, f, func(ctx context.Context) (endpoint, error) { return l.attempt(ctx, info, nil) })
}
