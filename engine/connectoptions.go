package engine

import (
	"cmp"
	"crypto/tls"
	"strings"
	"time"
)

// ConnectOptions are the keyword parameters of create_connection. The zero value
// is what asyncio has by default, but for the address, which has to be given:
// Host with Port, or Sock.
type ConnectOptions struct {
	// Host is a name or an address, Port a number, or a string with a number or the
	// name of a service. A Port alone is the local machine; nil beside a Host is 0.
	Host string
	Port any

	// Family restricts the addresses to AFInet or AFInet6; 0 is both. Proto and
	// Flags go to the resolver.
	Family int
	Proto  int
	Flags  int

	// Sock is a stream socket that is connected already, in place of all of the above,
	// and of LocalHost to Interleave. The transport owns it.
	Sock *Socket

	// TLS encrypts the connection: ssl. nil does not, and an empty config is the
	// default one. There is no TLS yet: what is right is refused with ErrUnsupported.
	TLS *tls.Config
	TLSOptions

	// ServerHostname is the name that the certificate has to be for, with TLS. By
	// default it is that of the config, or Host. AnyHostname takes a certificate for
	// any name: server_hostname=''.
	ServerHostname string
	AnyHostname    bool

	// LocalHost and LocalPort are what the socket is bound to first: local_addr.
	LocalHost string
	LocalPort any

	// HappyEyeballsDelay is how long an attempt may take before the next address is
	// tried beside it, as RFC 8305 has it, which suggests 250 ms; 0 tries one
	// address after the other.
	HappyEyeballsDelay time.Duration

	// Interleave changes the order of the addresses so that families take turns,
	// the first one with so many ahead: 1 by default with HappyEyeballsDelay. 0
	// without it keeps the resolver's order; NoInterleave always does.
	Interleave int

	// AllErrors tells of every attempt that failed, by a *MultiError, even of one.
	AllErrors bool

	// Timeouts are those of the connection, from ConnectionMade on. They do not
	// limit the attempts to connect, which ctx does.
	Timeouts Timeouts
}

// NoInterleave is the Interleave of 0 beside a HappyEyeballsDelay.
const NoInterleave = -1

func (o *ConnectOptions) validate() error {
	if err := o.validateTarget(); err != nil {
		return err
	}
	return cmp.Or(o.Timeouts.validate("Timeouts."), validateClientTLS(o.TLS, o.TLSOptions, o.ServerHostname, o.AnyHostname, o.Host))
}

// validateTarget is about what to connect to, and how.
func (o *ConnectOptions) validateTarget() error {
	switch {
	case o.Sock != nil:
		return cmp.Or(withoutSock(o.addressing()), checkConnected("Sock", o.Sock))
	case o.Host == "" && o.Port == nil:
		return badArg("Host", "and Port must be given, or Sock")
	case o.Family != AFUnspec && o.Family != AFInet && o.Family != AFInet6:
		return badArg("Family", "must be AFUnspec, AFInet or AFInet6")
	case o.Proto != 0 && o.Proto != IPProtoTCP:
		return badArg("Proto", "must be 0 or IPProtoTCP")
	case o.Flags&^knownFlags != 0:
		return badArg("Flags", "has a flag that is not known")
	case o.HappyEyeballsDelay < 0:
		return badArg("HappyEyeballsDelay", "must not be negative")
	case o.Interleave < NoInterleave:
		return badArg("Interleave", "must not be negative")
	}
	_, port := parsePort("Port", o.Port)
	_, local := parsePort("LocalPort", o.LocalPort)
	return cmp.Or(port, local)
}

// addressing are the fields that a socket which is connected has no use for.
func (o *ConnectOptions) addressing() []field {
	return []field{
		{"Host", o.Host != ""}, {"Port", o.Port != nil}, {"Family", o.Family != 0}, {"Proto", o.Proto != 0},
		{"Flags", o.Flags != 0}, {"LocalHost", o.LocalHost != ""}, {"LocalPort", o.LocalPort != nil},
		{"HappyEyeballsDelay", o.HappyEyeballsDelay != 0}, {"Interleave", o.Interleave != 0},
	}
}

// field is a field of an options struct, and whether it was given.
type field struct {
	name  string
	given bool
}

// withoutSock refuses a Sock that fields are given with.
func withoutSock(fields []field) error {
	var names []string
	for _, f := range fields {
		if f.given {
			names = append(names, f.name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return badArg("Sock", "must not be given with "+strings.Join(names, ", "))
}

// interleaving is the number to interleave with, 0 for not at all.
func (o *ConnectOptions) interleaving() int {
	switch {
	case o.Interleave == NoInterleave:
		return 0
	case o.Interleave == 0 && o.HappyEyeballsDelay > 0:
		return 1
	}
	return o.Interleave
}
