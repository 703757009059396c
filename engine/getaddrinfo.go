package engine

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// LookupOptions are the keyword parameters of getaddrinfo; 0 is anything.
type LookupOptions struct {
	Family int // AFInet or AFInet6
	Type   int // SockStream, SockDgram or SockRaw
	Proto  int // IPProtoTCP, IPProtoUDP, or another one of raw sockets
	Flags  int // AIPassive and so on
}

// GetAddrInfo finds out which addresses a host and a port stand for: getaddrinfo.
// The host is a name or an address; the empty string, for None, is this machine or,
// with AIPassive, its every interface. The port is a number, or a string with a
// number or the name of a service; nil, for None, is 0. One of the two has to be
// given. The rows come in the order of the system's resolver, each address once for
// every type of socket that has the service.
//
// An IPv4 address may have the forms of inet_aton: 127.1, 0x7f.1 and 017700000001 are
// all 127.0.0.1. Package net refuses those, so take care where it has the last word on
// who may be reached.
//
// An address is answered at once. A name is looked up by package net on a pool of
// the loop's own, as large as the default executor, and abandoned when the caller
// is cancelled. It fails with an *ArgError for bad options, with a *net.DNSError
// for a host or a service that is not known, and with ErrExecutorShutdown after
// ShutdownDefaultExecutor. It waits as Await does.
func (l *Loop) GetAddrInfo(ctx context.Context, host string, port any, o LookupOptions) ([]AddrInfo, error) {
	service, err := parsePort("port", port)
	if err == nil {
		err = o.validate(host)
	}
	if err == nil {
		err = o.checkPort(host, port)
	}
	if err != nil {
		return nil, err
	}
	return perform(ctx, l, func(ctx context.Context) ([]AddrInfo, error) {
		if err := l.executors.refusal(); err != nil {
			return nil, err
		}
		began := l.Time()
		list, err := l.addresses(ctx, l.lookup, host, service, o.hints())
		if l.Debug() {
			l.tellLookup(ctx, host, port, l.Time()-began, list, err)
		}
		return list, err
	})
}

func (o LookupOptions) hints() addrHints { return addrHints{o.Family, o.Type, o.Proto, o.Flags} }

func (o LookupOptions) validate(host string) error {
	h := o.hints()
	_, err := h.network()
	if err != nil {
		return fieldOf(err)
	}
	switch o.Type {
	case 0, SockStream, SockDgram, SockRaw:
	default:
		return badArg("Type", "must be SockStream, SockDgram or SockRaw")
	}
	switch {
	case len(h.kinds()) == 0:
		return badArg("Proto", "does not belong to the type")
	case host == "" && o.Flags&AICanonName != 0:
		return badArg("Flags", "has AICanonName without a host")
	}
	return nil
}

// checkPort fails for what no host has.
func (o LookupOptions) checkPort(host string, port any) error {
	kinds := o.hints().kinds()
	switch {
	case host == "" && port == nil:
		return noHost(host, "neither a host nor a port")
	case port != nil && port != "" && len(kinds) == 1 && kinds[0].typ == SockRaw:
		return noHost(fmt.Sprint(port), rawPort)
	}
	return nil
}

// fieldOf names the field of an options struct for the parameter of a lookup.
func fieldOf(err error) error {
	if bad, ok := err.(*ArgError); ok {
		return badArg(map[string]string{"family": "Family", "flags": "Flags"}[bad.Arg], bad.Reason)
	}
	return err
}

// tellLookup logs a lookup in debug mode: a slow one as information.
func (l *Loop) tellLookup(ctx context.Context, host string, port any, took time.Duration, list []AddrInfo, err error) {
	level := slog.LevelDebug
	if took >= l.SlowCallbackDuration() {
		level = slog.LevelInfo
	}
	text := fmt.Sprintf("Getting address info %s:%v took %.3fms: %v", host, port, 1000*took.Seconds(), list)
	l.log.Log(ctx, level, text, "duration", took, "error", err)
}
