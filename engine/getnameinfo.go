package engine

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// Flags of GetNameInfo: socket.NI_NUMERICHOST and so on, with the numbers of Linux
// on every system.
const (
	NINumericHost = 0x1  // the host as an address: ask nobody
	NINumericServ = 0x2  // the service as a number: ask nobody
	NINameReqd    = 0x8  // a host without a name is an error
	NIDgram       = 0x10 // the service is one of datagrams
)

const knownNameFlags = NINumericHost | NINumericServ | NINameReqd | NIDgram

// GetNameInfo finds the names of an address and of its port: getnameinfo. What has
// no name is a number, unless the flags ask for a name.
//
// Names are looked up as by GetAddrInfo, those of services in the system's own
// list. It fails with an *ArgError for an address that is none of the internet and
// for flags that are not known, with a *net.DNSError, and with ErrExecutorShutdown
// after ShutdownDefaultExecutor. It waits as Await does.
func (l *Loop) GetNameInfo(ctx context.Context, addr Addr, flags int) (host, service string, err error) {
	switch {
	case !addr.AddrPort().IsValid():
		return "", "", badArg("addr", "must be an address with a family of the internet")
	case flags&^knownNameFlags != 0:
		return "", "", badArg("flags", "has a flag that is not known")
	}
	names, err := perform(ctx, l, func(ctx context.Context) ([2]string, error) {
		if err := l.executors.refusal(); err != nil {
			return [2]string{}, err
		}
		return l.names(ctx, addr, flags)
	})
	return names[0], names[1], err
}

// names is GetNameInfo in a task.
func (l *Loop) names(ctx context.Context, addr Addr, flags int) ([2]string, error) {
	at := addr.AddrPort()
	if flags&NINumericHost != 0 && flags&NINumericServ != 0 {
		return [2]string{at.Addr().String(), strconv.Itoa(int(at.Port()))}, nil
	}
	while, done := context.WithCancel(context.WithoutCancel(ctx))
	defer done()
	return Await(ctx, RunInExecutor(l, lookups{&l.executors}, func() ([2]string, error) {
		return l.nameLookup(while, at, flags)
	}))
}

// nameLookup finds the names of an address and its port. It blocks, as a lookup
// does.
type nameLookup func(ctx context.Context, at netip.AddrPort, flags int) ([2]string, error)

// netNames is the nameLookup of package net.
func netNames(r *net.Resolver) nameLookup {
	return func(ctx context.Context, at netip.AddrPort, flags int) ([2]string, error) {
		host, err := hostName(ctx, r, at.Addr(), flags)
		if err != nil {
			return [2]string{}, err
		}
		return [2]string{host, portName(int(at.Port()), flags)}, nil
	}
}

func hostName(ctx context.Context, r *net.Resolver, ip netip.Addr, flags int) (string, error) {
	number := ip.String()
	if flags&NINumericHost != 0 {
		return number, nil
	}
	names, err := r.LookupAddr(ctx, ip.WithZone("").String())
	switch {
	case len(names) > 0:
		return strings.TrimSuffix(names[0], "."), nil
	case flags&NINameReqd == 0:
		return number, ctx.Err()
	case err == nil:
		err = noHost(number, "no name")
	}
	return "", err
}

// portName is the name of a port, or its number.
func portName(port, flags int) string {
	number, proto := strconv.Itoa(port), "tcp"
	if flags&NIDgram != 0 {
		proto = "udp"
	}
	if flags&NINumericServ != 0 {
		return number
	}
	list, err := os.Open(servicesFile())
	if err != nil {
		return number // there is no list
	}
	defer list.Close()
	if name := serviceName(list, number+"/"+proto); name != "" {
		return name
	}
	return number
}

// serviceName finds the service of a port with its protocol in a list of services:
// lines of a name, the port, and other names, with comments behind a hash.
func serviceName(list io.Reader, port string) string {
	for lines := bufio.NewScanner(list); lines.Scan(); {
		line, _, _ := strings.Cut(lines.Text(), "#")
		if words := strings.Fields(line); len(words) > 1 && words[1] == port {
			return words[0]
		}
	}
	return ""
}
