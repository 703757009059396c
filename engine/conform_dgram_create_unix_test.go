//go:build unix

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/engine"
)

func TestDatagramEndpoint(t *testing.T) {
	prove(t, "DGRAM-01", testDatagramEndpointIsMade)
	prove(t, "DGRAM-02", testDatagramFamilyAlone)
	prove(t, "DGRAM-03", testDatagramAddressKinds)
}

func TestDatagramPairs(t *testing.T) {
	prove(t, "DGRAM-04", testDatagramPairs)
	prove(t, "DGRAM-05", testDatagramPairsInOrder)
	prove(t, "DGRAM-06", testDatagramRemote)
}

func TestDatagramOptions(t *testing.T) {
	prove(t, "DGRAM-07", testDatagramReusePort)
	prove(t, "DGRAM-08", testDatagramBroadcast)
	prove(t, "DGRAM-09", func(t *testing.T) {
		if _, ok := reflect.TypeFor[engine.DatagramOptions]().FieldByNameFunc(func(name string) bool {
			return strings.EqualFold(name, "ReuseAddress") || strings.EqualFold(name, "ReuseAddr")
		}); ok {
			t.Error("there is a reuse_address")
		}
	})
}

func TestDatagramSock(t *testing.T) {
	prove(t, "DGRAM-10", testDatagramSock)
	prove(t, "DGRAM-11", testDatagramStalePath)
}

// testDatagramEndpointIsMade: connection_made first, on the loop, then the result.
func testDatagramEndpointIsMade(t *testing.T) {
	l, g := newLoop(t), &gramTap{}
	g.onMade = func() { isEqual(t, "protocol", g.tr.Protocol(), engine.DatagramProtocol(g)) }
	runTask(t, l, func(ctx context.Context) {
		tr, p, err := l.CreateDatagramEndpoint(ctx, func() engine.DatagramProtocol { return g }, anyPort())
		must(t, err)
		g.want(t, "made")
		isEqual(t, "transport", tr, g.tr)
		isEqual(t, "protocol", p, engine.DatagramProtocol(g))
		isEqual(t, "loop", tr.Loop(), l)
	})
	for what, f := range map[string]engine.DatagramProtocolFactory{
		"panic": func() engine.DatagramProtocol { panic(errBroken) }, "nil": func() engine.DatagramProtocol { return nil },
	} {
		runTask(t, l, func(ctx context.Context) {
			if tr, p, err := l.CreateDatagramEndpoint(ctx, f, anyPort()); err == nil || tr != nil || p != nil {
				t.Errorf("%s: %v, %v, %v", what, tr, p, err)
			}
		})
	}
	_, _, err := l.CreateDatagramEndpoint(t.Context(), nil, anyPort())
	wantArgError(t, "CreateDatagramEndpoint", err, "f")
}

func wantNoDatagrams(t *testing.T, l *engine.Loop, o engine.DatagramOptions) error {
	t.Helper()
	g := &gramTap{}
	tr, err := makeEndpoint(t, l, g, o)
	if err == nil || tr != nil {
		t.Errorf("%+v: %v and %v, want an error alone", o, tr, err)
	}
	g.want(t)
	return err
}

func testDatagramFamilyAlone(t *testing.T) {
	l := newLoop(t)
	wantArgError(t, "no address", wantNoDatagrams(t, l, engine.DatagramOptions{}), "Family")
	wantArgError(t, "no address", wantNoDatagrams(t, l, engine.DatagramOptions{Family: 99}), "Family")
	far := gramFar(t)
	_, tr := endpointOn(t, l, engine.DatagramOptions{Family: engine.AFInet})
	isEqual(t, "port", nameOfGrams(tr).(*net.UDPAddr).Port, 0)
	inTurn(t, l, func() { must(t, tr.SendTo([]byte("x"), far.addr())) })
	far.wants(l, "x")
	if nameOfGrams(tr).(*net.UDPAddr).Port == 0 {
		t.Error("it has sent from no port")
	}
	_, named := endpointOn(t, l, engine.DatagramOptions{Family: engine.AFUnix})
	isEqual(t, "name", named.ExtraInfo("sockname").(*net.UnixAddr).Name, "")
}

// testDatagramAddressKinds: each family has fields of its own.
func testDatagramAddressKinds(t *testing.T) {
	l := newLoop(t)
	for _, c := range []struct {
		arg string
		o   engine.DatagramOptions
	}{
		{"LocalHost", engine.DatagramOptions{Family: engine.AFUnix, LocalHost: "127.0.0.1"}},
		{"LocalHost", engine.DatagramOptions{Family: engine.AFUnix, LocalPort: 7}},
		{"RemoteHost", engine.DatagramOptions{LocalPath: "p", RemoteHost: "127.0.0.1"}},
		{"RemoteHost", engine.DatagramOptions{RemotePath: "p", RemotePort: 7}},
		{"Family", engine.DatagramOptions{Family: engine.AFInet, LocalPath: "p"}},
		{"Family", engine.DatagramOptions{Family: engine.AFInet6, RemotePath: "p"}},
		{"LocalPath", engine.DatagramOptions{LocalPath: strings.Repeat("p", 200)}},
		{"RemotePath", engine.DatagramOptions{RemotePath: "a\x00b"}},
		{"LocalPort", engine.DatagramOptions{LocalPort: 65536}},
		{"RemotePort", engine.DatagramOptions{RemotePort: 1.5}},
		{"Proto", engine.DatagramOptions{LocalHost: "127.0.0.1", Proto: -1}},
		{"Flags", engine.DatagramOptions{LocalHost: "127.0.0.1", Flags: -1}},
		{"MaxSize", engine.DatagramOptions{LocalHost: "127.0.0.1", MaxSize: -1}},
		{"MaxSize", engine.DatagramOptions{LocalHost: "127.0.0.1", MaxSize: math.MaxInt}},
		{"MaxSize", engine.DatagramOptions{LocalHost: "127.0.0.1", MaxSize: 1, Offload: true}},
	} {
		wantArgError(t, "CreateDatagramEndpoint", wantNoDatagrams(t, l, c.o), c.arg)
	}
}

// gramInfos makes every lookup of the loop find what hosts say for their names.
func gramInfos(l *engine.Loop, hosts map[string][]string) {
	l.SetLookup(engine.LookupHints(func(host string, _ engine.Service, h engine.AddrHints) (infos []engine.AddrInfo, err error) {
		for _, at := range hosts[host] {
			a, err := engine.AddrFrom(netip.MustParseAddrPort(at))
			if err != nil {
				return nil, err
			}
			infos = append(infos, engine.AddrInfo{Family: a.Family(), Type: h.Type, Proto: engine.IPProtoUDP, Addr: a})
		}
		return infos, nil
	}))
}

func testDatagramPairs(t *testing.T) {
	far := gramFar(t)
	l := newLoop(t)
	at := far.addr().String()
	gramInfos(l, map[string][]string{
		"both.test": {"[::1]:0", "127.0.0.1:0"}, "four.test": {at}, "six.test": {"[::1]:9"},
	})
	_, tr := endpointOn(t, l, engine.DatagramOptions{LocalHost: "both.test", RemoteHost: "four.test"})
	isEqual(t, "peername", tr.ExtraInfo("peername").(net.Addr).String(), at)
	isEqual(t, "bound", nameOfGrams(tr).(*net.UDPAddr).IP.String(), "127.0.0.1")
	err := wantNoDatagrams(t, l, engine.DatagramOptions{LocalHost: "six.test", RemoteHost: "four.test"})
	wantArgError(t, "no pair", err, "RemoteHost")
	var none *net.DNSError
	if err := wantNoDatagrams(t, l, engine.DatagramOptions{LocalHost: "none.test"}); !errors.As(err, &none) || none.Name != "none.test" {
		t.Errorf("a host without addresses: %v", err)
	}
}

func testDatagramPairsInOrder(t *testing.T) {
	l := newLoop(t)
	gramInfos(l, map[string][]string{
		"second.test": {"[2001:db8::1]:0", "127.0.0.1:0"}, "first.test": {"127.0.0.1:0", "[::1]:0"}, "bad.test": {"192.0.2.1:0", "[2001:db8::1]:0"},
	})
	for _, host := range []string{"first.test", "second.test"} {
		_, tr := endpointOn(t, l, engine.DatagramOptions{LocalHost: host})
		isEqual(t, host, nameOfGrams(tr).(*net.UDPAddr).IP.String(), "127.0.0.1")
	}
	before := openFiles(t)
	err := wantNoDatagrams(t, l, engine.DatagramOptions{LocalHost: "bad.test"})
	failed := wantOpError(t, err, "bind", "udp", syscall.EADDRNOTAVAIL)
	if failed.Source == nil || failed.Source.String() != "192.0.2.1:0" {
		t.Errorf("%v, want the first error", err)
	}
	isEqual(t, "descriptors", openFiles(t), before)
}

// openFiles is the number that the next descriptor gets: all before it are in use.
func openFiles(t *testing.T) int {
	t.Helper()
	s, err := engine.NewSocket(engine.AFInet, engine.SockDgram, 0)
	must(t, err)
	defer s.Close()
	return s.Fd()
}

// testDatagramRemote: who is connected hears nobody else; with allow_broadcast only
// the address is remembered.
func testDatagramRemote(t *testing.T) {
	for _, broadcast := range []bool{false, true} {
		far, other, l := gramFar(t), gramFar(t), newLoop(t)
		g, tr := endpointOn(t, l, engine.DatagramOptions{
			LocalHost: "127.0.0.1", RemoteHost: "127.0.0.1", RemotePort: far.port(), AllowBroadcast: broadcast,
		})
		inTurn(t, l, func() { must(t, tr.SendTo([]byte("hello"), engine.Addr{})) })
		far.wants(l, "hello")
		isEqual(t, "connected", tr.ExtraInfo("peername") != nil, !broadcast)
		if broadcast {
			other.sendTo(tr, "other")
		} else if err := syscall.Sendto(other.s.Fd(), []byte("other"), 0, sockaddrOf(nameOfGrams(tr))); err != nil {
			t.Error(err)
		}
		far.sendTo(tr, "far")
		untilSo(t, l, func() bool { return len(g.got) > 0 && g.got[len(g.got)-1] == "far" })
		isEqual(t, "received", strings.Join(g.received(), " "), map[bool]string{false: "far", true: "other far"}[broadcast])
	}
}

func sockOption(t testing.TB, tr engine.DatagramTransport, option int) bool {
	t.Helper()
	n, err := tr.ExtraInfo("socket").(*engine.TransportSocket).Option(syscall.SOL_SOCKET, option)
	must(t, err)
	return n != 0
}

func testDatagramReusePort(t *testing.T) {
	l := newLoop(t)
	_, tr := endpointOn(t, l, anyPort())
	isEqual(t, "SO_REUSEPORT by default", sockOption(t, tr, unix.SO_REUSEPORT), false)
	o := anyPort()
	o.ReusePort = true
	_, tr = endpointOn(t, l, o)
	isEqual(t, "SO_REUSEPORT", sockOption(t, tr, unix.SO_REUSEPORT), true)
	o.LocalPort = nameOfGrams(tr).(*net.UDPAddr).Port
	endpointOn(t, l, o)
	o.ReusePort = false
	wantOpError(t, wantNoDatagrams(t, l, o), "bind", "udp", syscall.EADDRINUSE)
}

func testDatagramBroadcast(t *testing.T) {
	l := newLoop(t)
	o := anyPort()
	for _, on := range []bool{false, true} {
		o.AllowBroadcast = on
		_, tr := endpointOn(t, l, o)
		isEqual(t, "SO_BROADCAST", sockOption(t, tr, syscall.SO_BROADCAST), on)
		isEqual(t, "SO_REUSEADDR", sockOption(t, tr, syscall.SO_REUSEADDR), false)
	}
}

// testDatagramSock: what is refused is still the caller's, and works.
func testDatagramSock(t *testing.T) {
	l := newLoop(t)
	for _, s := range []*engine.Socket{newSocket(t, engine.AFInet, engine.SockStream), newSocket(t, engine.AFUnix, engine.SockSeqPacket)} {
		wantArgError(t, "Sock", wantNoDatagrams(t, l, engine.DatagramOptions{Sock: s}), "Sock")
		isEqual(t, "open", s.Fd() >= 0, true)
	}
	far, near := gramFar(t), gramFar(t)
	for name, o := range map[string]engine.DatagramOptions{
		"LocalHost": {LocalHost: "127.0.0.1"}, "LocalPort": {LocalPort: 0}, "LocalPath": {LocalPath: "p"},
		"RemoteHost": {RemoteHost: "127.0.0.1"}, "RemotePort": {RemotePort: 1}, "RemotePath": {RemotePath: "p"},
		"Family": {Family: engine.AFInet}, "Proto": {Proto: 17}, "Flags": {Flags: engine.AIPassive},
		"ReusePort": {ReusePort: true}, "AllowBroadcast": {AllowBroadcast: true},
		"LocalHost, Family": {LocalHost: "127.0.0.1", Family: engine.AFInet},
	} {
		o.Sock = near.s
		err := wantNoDatagrams(t, l, o)
		wantArgError(t, name, err, "Sock")
		isEqual(t, "listed", strings.HasSuffix(err.Error(), "with "+name), true)
	}
	g, tr := endpointOn(t, l, engine.DatagramOptions{Sock: near.s})
	isEqual(t, "is taken", near.s.Fd(), -1)
	wantErr(t, "taken twice", wantNoDatagrams(t, l, engine.DatagramOptions{Sock: near.s}), net.ErrClosed)
	far.sendTo(tr, "hello")
	untilSo(t, l, func() bool { return len(g.got) > 0 })
	isEqual(t, "from", g.from[0], far.addr())
}

// testDatagramStalePath: a socket's file is replaced, any other is left.
func testDatagramStalePath(t *testing.T) {
	var log bytes.Buffer
	l := newLoop(t, engine.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	dir := shortDir(t)
	path := filepath.Join(dir, "s")
	_, first := endpointOn(t, l, engine.DatagramOptions{LocalPath: path})
	first.Abort()
	idleTurns(t, l)
	isEqual(t, "the file stays", exists(path), true)
	g, tr := endpointOn(t, l, engine.DatagramOptions{LocalPath: path})
	sendUnix(t, path, "hello")
	untilSo(t, l, func() bool { return len(g.got) > 0 })
	isEqual(t, "sockname", nameOfGrams(tr).String(), path)
	isEqual(t, "log", log.String(), "")

	file := filepath.Join(dir, "f")
	must(t, os.WriteFile(file, []byte("text"), 0o600))
	wantOpError(t, wantNoDatagrams(t, l, engine.DatagramOptions{LocalPath: file}), "bind", "unixgram", syscall.EADDRINUSE)
	text, err := os.ReadFile(file)
	isEqual(t, "the file has", string(text), "text")
	must(t, err)
	isEqual(t, "log", log.String(), "")

	below := filepath.Join(file, "s") // which cannot even be looked at
	wantOpError(t, wantNoDatagrams(t, l, engine.DatagramOptions{LocalPath: below}), "bind", "unixgram", syscall.ENOTDIR)
	isEqual(t, "log", strings.Contains(log.String(), "cannot be checked or removed"), true)
}

// sendUnix sends one datagram to a path.
func sendUnix(t *testing.T, path, text string) {
	t.Helper()
	s := newSocket(t, engine.AFUnix, engine.SockDgram)
	must(t, syscall.Sendto(s.Fd(), []byte(text), 0, &syscall.SockaddrUnix{Name: path}))
}
