package engine

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/shardloop/shardloop/engine/internal/sock"
)

// UnixServerOptions are the keyword parameters of create_unix_server. The zero
// value is what asyncio has by default, but for Path or Sock, one of which has to
// be given.
type UnixServerOptions struct {
	// Path is the file to listen on; see UnixConnectOptions. A socket's file that
	// is there already is replaced, also that of a server that still listens.
	Path string

	// StrictBind refuses to replace the file of a server that still listens.
	StrictBind bool

	// KeepFile leaves the file when the server closes: cleanup_socket=False. By
	// default it is removed, unless another one has taken its place.
	KeepFile bool

	// Sock is a bound unix stream socket, in place of a path. The server owns it.
	Sock *Socket

	// Socks are several, in place of Sock, as in ServerOptions.
	Socks []*Socket

	// TLS, Backlog, Deferred, AcceptBatch, Shed, MaxConnections and Timeouts are as
	// in ServerOptions.
	TLS *tls.Config
	TLSOptions
	Backlog        int
	Deferred       bool
	AcceptBatch    int
	Shed           bool
	MaxConnections int
	Timeouts       Timeouts
}

func (o *UnixServerOptions) validate() error {
	if o.Path == "" && o.given().isEmpty() {
		return badArg("Path", "must be given, or Sock")
	}
	return cmp.Or(o.given().check(o.Path != "", "Path", checkUnixListener), checkPath("Path", o.Path))
}

func (o *UnixServerOptions) given() given { return given{o.Sock, o.Socks} }

// server are the options that all servers have.
func (o *UnixServerOptions) server() ServerOptions {
	return ServerOptions{
		TLS: o.TLS, TLSOptions: o.TLSOptions, Backlog: o.Backlog, Deferred: o.Deferred, AcceptBatch: o.AcceptBatch, Shed: o.Shed,
		MaxConnections: o.MaxConnections, Timeouts: o.Timeouts,
	}
}

// CreateUnixServer is CreateServer for unix sockets: create_unix_server. It fails
// with ErrUnsupported where the system has none.
func (l *Loop) CreateUnixServer(ctx context.Context, f ProtocolFactory, o UnixServerOptions) (*Server, error) {
	if err := checkFactory(f); err != nil {
		return nil, err
	}
	if err := o.validate(); err != nil {
		return nil, err
	}
	common := o.server()
	if err := common.validateCommon(); err != nil {
		return nil, err
	}
	return obtain(ctx, l, func(ctx context.Context) (*Server, error) {
		x, err := o.listening()
		if err != nil {
			return nil, err
		}
		return l.newServer(f, common, x).begin(ctx)
	}, (*Server).Close)
}

// listening are the bound sockets that the options ask for, with their files.
func (o *UnixServerOptions) listening() (x listening, err error) {
	if x.sockets, err = o.sockets(); err != nil || o.KeepFile {
		return x, err
	}
	for _, k := range x.sockets {
		x.files = append(x.files, filesOf(k)...)
	}
	return x, nil
}

// sockets are the bound sockets that the options ask for.
func (o *UnixServerOptions) sockets() ([]*Socket, error) {
	if g := o.given(); !g.isEmpty() {
		return g.take()
	}
	k, err := o.bind()
	if err != nil {
		return nil, err
	}
	return []*Socket{k}, nil
}

// bind makes a socket for the path.
func (o *UnixServerOptions) bind() (*Socket, error) {
	a, err := unixAddress("Path", o.Path)
	if err != nil {
		return nil, err
	}
	if err := o.clear(a); err != nil {
		return nil, err
	}
	return bindUnix(a)
}

// clear removes the file of an earlier server.
func (o *UnixServerOptions) clear(a sock.Addr) error {
	info, err := os.Stat(o.Path)
	if a.Name()[0] == 0 || err != nil || info.Mode()&fs.ModeSocket == 0 {
		return nil // nothing there, or bind will tell
	}
	if o.StrictBind && listens(a) {
		return bindError(a, syscall.EADDRINUSE)
	}
	if err := os.Remove(o.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return bindError(a, err)
	}
	return nil
}

// listens reports whether a server accepts at the address.
func listens(a sock.Addr) bool {
	fd, err := sock.Open(sock.Kind{Family: AFUnix, Type: SockStream})
	if err != nil {
		return false
	}
	_, err = sock.Connect(fd, AFUnix, a)
	_ = sock.Close(fd) // it has served
	return !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, fs.ErrNotExist)
}

func bindUnix(a sock.Addr) (*Socket, error) {
	kind := sock.Kind{Family: AFUnix, Type: SockStream}
	fd, err := sock.Open(kind)
	if err != nil {
		return nil, opError("socket", kind, a, sock.Addr{}, err)
	}
	if err = sock.Bind(fd, AFUnix, a); err != nil {
		_ = sock.Close(fd) // the first error counts
		return nil, bindError(a, err)
	}
	return newSocket(fd, kind), nil
}

func bindError(a sock.Addr, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		err = fmt.Errorf("address %s is already in use: %w", a, err)
	}
	return opError("bind", sock.Kind{Family: AFUnix, Type: SockStream}, a, sock.Addr{}, err)
}

// filesOf is the socket's file, to be removed by Close, if it has one.
func filesOf(k *Socket) []*unixFile {
	a, err := sock.Name(k.Fd())
	if err != nil || a.Name() == "" || a.Name()[0] == 0 {
		return nil
	}
	info, err := os.Lstat(a.Name())
	if err != nil {
		return nil
	}
	return []*unixFile{{path: a.Name(), info: info}}
}
