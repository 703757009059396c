package engine

import (
	"crypto/tls"
	"fmt"
	"time"
)

// TLSOptions are what all calls with TLS have in common. Each of them is given
// beside a TLS config, and is an *ArgError without one.
type TLSOptions struct {
	// HandshakeTimeout is how long the handshake may take; 0 is 60 s:
	// ssl_handshake_timeout.
	HandshakeTimeout time.Duration

	// ShutdownTimeout is how long the peer may take to answer the end of the
	// connection; 0 is 30 s: ssl_shutdown_timeout.
	ShutdownTimeout time.Duration
}

// errNoTLS is what parameters of TLS come to that are right.
var errNoTLS = fmt.Errorf("TLS: %w", ErrUnsupported)

const withoutTLS = "must not be given without TLS"

func (o TLSOptions) validate(c *tls.Config) error {
	const negative = "must not be negative"
	switch {
	case o.HandshakeTimeout < 0:
		return badArg("HandshakeTimeout", negative)
	case o.ShutdownTimeout < 0:
		return badArg("ShutdownTimeout", negative)
	case c == nil && o.HandshakeTimeout > 0:
		return badArg("HandshakeTimeout", withoutTLS)
	case c == nil && o.ShutdownTimeout > 0:
		return badArg("ShutdownTimeout", withoutTLS)
	}
	return nil
}

// validateClientTLS is for the side that connects, to a host or to something that
// has no name.
func validateClientTLS(c *tls.Config, o TLSOptions, name string, anyName bool, host string) error {
	switch {
	case c == nil && name != "":
		return badArg("ServerHostname", withoutTLS)
	case c == nil && anyName:
		return badArg("AnyHostname", withoutTLS)
	case name != "" && anyName:
		return badArg("AnyHostname", "must not be given with ServerHostname")
	}
	if err := o.validate(c); err != nil || c == nil {
		return err
	}
	if name == "" && !anyName && c.ServerName == "" && host == "" {
		return badArg("ServerHostname", "or AnyHostname must be given with TLS and without Host")
	}
	return errNoTLS
}

// validateServerTLS is for the side that accepts, which needs a certificate.
func validateServerTLS(c *tls.Config, o TLSOptions) error {
	if err := o.validate(c); err != nil || c == nil {
		return err
	}
	if len(c.Certificates) == 0 && c.GetCertificate == nil && c.GetConfigForClient == nil {
		return badArg("TLS", "must have Certificates, GetCertificate or GetConfigForClient")
	}
	return errNoTLS
}
