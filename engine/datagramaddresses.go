package engine

import (
	"context"
	"slices"

	"github.com/shardloop/shardloop/engine/internal/sock"
)

// addressPair is what a datagram socket can be bound and connected to; none where
// it is not.
type addressPair struct {
	kind          sock.Kind
	local, remote sock.Addr
}

// addressPairs are the pairs that the options leave, one for each family and
// protocol, in the resolver's order.
func (l *Loop) addressPairs(ctx context.Context, o *DatagramOptions) ([]addressPair, error) {
	switch {
	case o.isUnix():
		return []addressPair{{
			kind: sock.Kind{Family: AFUnix, Type: SockDgram, Proto: o.Proto}, local: pathAddr(o.LocalPath), remote: pathAddr(o.RemotePath),
		}}, nil
	case !o.hasLocal() && !o.hasRemote():
		return []addressPair{{kind: sock.Kind{Family: o.Family, Type: SockDgram, Proto: o.Proto}}}, nil
	}
	locals, err := l.datagramAddresses(ctx, "LocalPort", o.hasLocal(), o.LocalHost, o.LocalPort, o)
	if err != nil {
		return nil, err
	}
	remotes, err := l.datagramAddresses(ctx, "RemotePort", o.hasRemote(), o.RemoteHost, o.RemotePort, o)
	if err != nil {
		return nil, err
	}
	pairs := pairUp(locals, remotes)
	if len(pairs) == 0 {
		return nil, badArg("RemoteHost", "has no address of a family and a protocol that LocalHost has, too")
	}
	return pairs, nil
}

// pathAddr is the address of a path; none for no path.
func pathAddr(path string) (a sock.Addr) {
	if path != "" {
		a, _ = unixAddress("path", path) // was checked
	}
	return a
}

// datagramAddresses looks up one side, if it was given.
func (l *Loop) datagramAddresses(ctx context.Context, arg string, given bool, host string, port any, o *DatagramOptions) ([]AddrInfo, error) {
	if !given {
		return nil, nil
	}
	return l.resolve(ctx, arg, host, port, addrHints{family: o.Family, typ: SockDgram, proto: o.Proto, flags: o.Flags})
}

// pairUp pairs the first addresses of each family and protocol. A side without
// addresses was not given, and asks for none.
func pairUp(locals, remotes []AddrInfo) (pairs []addressPair) {
	for _, info := range slices.Concat(locals, remotes) {
		p := addressPair{kind: sock.Kind{Family: info.Family, Type: info.Type, Proto: info.Proto}}
		if slices.ContainsFunc(pairs, func(o addressPair) bool { return o.kind == p.kind }) {
			continue
		}
		p.local, p.remote = firstOf(locals, p.kind), firstOf(remotes, p.kind)
		if (len(locals) == 0 || p.local.IsValid()) && (len(remotes) == 0 || p.remote.IsValid()) {
			pairs = append(pairs, p)
		}
	}
	return pairs
}

// firstOf is the first address of the kind; none if there is none.
func firstOf(list []AddrInfo, kind sock.Kind) sock.Addr {
	for _, info := range list {
		if info.Family == kind.Family && info.Proto == kind.Proto {
			return info.Addr
		}
	}
	return sock.Addr{}
}
