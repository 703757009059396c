package engine

import (
	"cmp"
	"crypto/tls"
)

// defaultBacklog is asyncio's.
const defaultBacklog = 100

// ServerOptions are the keyword parameters of create_server. The zero value is
// what asyncio has by default, but for the address, which has to be given: Host
// or Hosts, Port, or Sock.
type ServerOptions struct {
	// Host is the interface to listen on, a name or an address; Hosts are several.
	// With a Port and neither, it is all interfaces: one socket for each family.
	Host  string
	Hosts []string

	// Port is a number, or a string with a number or the name of a service. 0, or
	// nil beside a host, takes a free port, another one for each socket.
	Port any

	// Family restricts what Host means to AFInet or AFInet6; 0 is both.
	Family int

	// Flags go to the resolver; 0 stands for AIPassive.
	Flags int

	// Sock is a socket to listen on, in place of an address. The server owns it.
	Sock *Socket

	// Socks are several, in place of Sock: what systemd has bound, or another
	// process of the same program; see InheritedSockets and TakeOver. The server
	// owns all of them. Those that listen already go on, with this backlog.
	Socks []*Socket

	// TLS encrypts the connections: ssl. nil does not; a config needs a certificate.
	// There is no TLS yet: what is right is refused with ErrUnsupported.
	TLS *tls.Config
	TLSOptions

	// Backlog is how many connections may wait for being accepted; 0 is 100.
	Backlog int

	// NoReuseAddress leaves SO_REUSEADDR off: reuse_address=False. By default it
	// is on where old connections would keep the port otherwise, which is on all
	// systems but Windows.
	NoReuseAddress bool

	// ReusePort lets other sockets share the port: reuse_port.
	ReusePort bool

	// KeepAlive asks silent peers whether they are there: keep_alive.
	KeepAlive bool

	// Deferred leaves accepting to StartServing or ServeForever:
	// start_serving=False. The sockets are bound, and refuse connections.
	Deferred bool

	// AcceptBatch is how many connections one event of the loop accepts at most; 0
	// is the backlog.
	AcceptBatch int

	// Shed keeps a descriptor in reserve for each socket, to accept and close at
	// once the connections that there is no other descriptor for. By default they
	// wait in the kernel's queue until there is one. Shutdown serves with it who
	// waits.
	Shed bool

	// MaxConnections is how many connections may be open; further ones wait in the
	// kernel's queue. 0 is any number.
	MaxConnections int

	// Timeouts are those of the connections, from ConnectionMade on.
	Timeouts Timeouts
}

// validate refuses what is forbidden and fills in the defaults.
func (o *ServerOptions) validate() error {
	addressed := o.Host != "" || len(o.Hosts) > 0 || o.Port != nil
	switch {
	case o.given().isEmpty() && !addressed:
		return badArg("Port", "must be given, or Sock")
	case o.Host != "" && len(o.Hosts) > 0:
		return badArg("Hosts", "must not be given with Host")
	}
	if err := o.given().check(addressed, "Host, Hosts or Port", checkStreamListener); err != nil {
		return err
	}
	if _, err := parsePort("Port", o.Port); err != nil {
		return err
	}
	if _, err := (addrHints{family: o.Family, flags: o.Flags}).network(); err != nil {
		return fieldOf(err)
	}
	return o.validateCommon()
}

// validateCommon is about the options that servers of all kinds have.
func (o *ServerOptions) validateCommon() error {
	switch {
	case o.Backlog < 0:
		return badArg("Backlog", "must not be negative")
	case o.AcceptBatch < 0:
		return badArg("AcceptBatch", "must not be negative")
	case o.MaxConnections < 0:
		return badArg("MaxConnections", "must not be negative")
	}
	if err := cmp.Or(o.Timeouts.validate("Timeouts."), validateServerTLS(o.TLS, o.TLSOptions)); err != nil {
		return err
	}
	if o.Backlog == 0 {
		o.Backlog = defaultBacklog
	}
	if o.AcceptBatch == 0 {
		o.AcceptBatch = o.Backlog
	}
	return nil
}

func (o *ServerOptions) given() given { return given{o.Sock, o.Socks} }

// hosts are the interfaces to listen on, "" all of them.
func (o *ServerOptions) hosts() []string {
	if len(o.Hosts) > 0 {
		return o.Hosts
	}
	return []string{o.Host}
}
