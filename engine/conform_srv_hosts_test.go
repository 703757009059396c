//go:build unix

package engine_test

import (
	"context"
	"errors"
	"math"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// findsHosts is a running loop on which hosts stand for the addresses of a table.
func findsHosts(t *testing.T, hosts map[string][]string) *engine.Loop {
	t.Helper()
	l := newLoop(t)
	reports := reportsOf(l)
	l.SetServerLookup(func(_ context.Context, host string) (list []engine.AddrInfo, err error) {
		for _, text := range hosts[host] {
			list = append(list, tcpInfo(text))
		}
		return list, nil
	})
	start(t, l)
	t.Cleanup(func() { reports.none(t) })
	return l
}

func tcpInfo(text string) engine.AddrInfo {
	return engine.NumericInfos(text, engine.Numbered(0), engine.AddrHints{Type: engine.SockStream})[0]
}

// hostsOf are where a server listens, without the ports.
func hostsOf(t *testing.T, l *engine.Loop, o engine.ServerOptions) string {
	t.Helper()
	s, err := l.CreateServer(t.Context(), echo, o)
	must(t, err)
	endServer(t, l, s)
	var hosts []string
	for _, at := range addressesOf(t, l, s) {
		hosts = append(hosts, at.(*net.TCPAddr).IP.String())
	}
	return strings.Join(texts(hosts), " ")
}

// hasIPv6 reports whether this machine has an IPv6 loopback.
func hasIPv6() bool {
	k, err := net.Listen("tcp6", "[::1]:0")
	if err == nil {
		k.Close()
	}
	return err == nil
}

// every are the wildcards of this machine.
func every() string {
	if hasIPv6() {
		return "0.0.0.0 ::"
	}
	return "0.0.0.0"
}

func TestServerHosts(t *testing.T) {
	l := findsHosts(t, map[string][]string{"a": {"127.0.0.1", "127.0.0.2"}, "b": {"127.0.0.2", "127.0.0.3"}})
	prove(t, "SRV-14", func(t *testing.T) {
		o := engine.ServerOptions{Hosts: []string{"a", "b", "a"}, Port: 0}
		if got := hostsOf(t, l, o); got != "127.0.0.1 127.0.0.2 127.0.0.3" {
			t.Errorf("it listens on %s", got)
		}
	})
	l = servingLoop(t)
	prove(t, "SRV-13", func(t *testing.T) {
		for _, c := range []struct {
			o    engine.ServerOptions
			want string
		}{
			{engine.ServerOptions{Host: "127.0.0.1"}, "127.0.0.1"},
			{engine.ServerOptions{Hosts: []string{"127.0.0.1", "127.0.0.2"}}, "127.0.0.1 127.0.0.2"},
			{engine.ServerOptions{Port: 0}, every()},
			{engine.ServerOptions{Hosts: []string{""}}, every()},
			{engine.ServerOptions{Port: 0, Family: engine.AFInet}, "0.0.0.0"},
		} {
			if got := hostsOf(t, l, c.o); got != c.want {
				t.Errorf("%+v: it listens on %s, want %s", c.o, got, c.want)
			}
		}
	})
}

// chosenPorts are those that the kernel has chosen for two addresses of one server.
func chosenPorts(t *testing.T, l *engine.Loop, port any) (a, b int) {
	t.Helper()
	s := serve(t, l, echo, engine.ServerOptions{Hosts: []string{"127.0.0.1", "127.0.0.2"}, Port: port})
	at := addressesOf(t, l, s)
	a, b = at[0].(*net.TCPAddr).Port, at[1].(*net.TCPAddr).Port
	if a == 0 || b == 0 {
		t.Errorf("with %#v the ports are %d and %d", port, a, b)
	}
	return a, b
}

func TestServerPorts(t *testing.T) {
	l := servingLoop(t)
	prove(t, "SRV-15", func(t *testing.T) {
		for _, port := range []any{nil, 0, "0", ""} {
			same := 0
			for a, b := chosenPorts(t, l, port); a == b; a, b = chosenPorts(t, l, port) {
				if same++; same == 5 { // by chance, one time in thousands
					t.Fatalf("with %#v the ports are %d and %d again and again", port, a, b)
				}
			}
		}
	})
	prove(t, "SRV-16", func(t *testing.T) {
		if !hasIPv6() {
			t.Skip("this machine has no IPv6")
		}
		four := serve(t, l, echo, engine.ServerOptions{Host: "0.0.0.0"})
		port := address(t, l, four).(*net.TCPAddr).Port
		six := serve(t, l, echo, engine.ServerOptions{Host: "::", Port: port})
		n, err := socketsOf(t, l, six)[0].Option(syscall.IPPROTO_IPV6, syscall.IPV6_V6ONLY)
		if err != nil || n == 0 {
			t.Errorf("IPV6_V6ONLY is %d, %v", n, err)
		}
		says(t, client(t, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}), "four")
		says(t, client(t, &net.TCPAddr{IP: net.IPv6loopback, Port: port}), "six")
	})
}

// TestServerSpellings: an address that has two spellings is listened on once, also
// when each is asked for its name.
func TestServerSpellings(t *testing.T) {
	if !hasIPv6() {
		t.Skip("this machine has no IPv6")
	}
	l := servingLoop(t)
	s := serve(t, l, echo, engine.ServerOptions{Hosts: []string{"::1", "0:0::1"}, Port: 0, Flags: engine.AICanonName})
	isEqual(t, "sockets", len(addressesOf(t, l, s)), 1)
}

// strange is an address that no machine has.
const strange = "192.0.2.77"

func TestServerSkips(t *testing.T) {
	l := findsHosts(t, map[string][]string{"mixed": {strange, "127.0.0.1"}, "strange": {strange}, "none": {}})
	prove(t, "SRV-23", func(t *testing.T) {
		if got := hostsOf(t, l, engine.ServerOptions{Host: "mixed"}); got != "127.0.0.1" {
			t.Errorf("it listens on %s", got)
		}
		_, err := l.CreateServer(t.Context(), echo, engine.ServerOptions{Host: "strange"})
		wantErr(t, "no address of this machine", err, syscall.EADDRNOTAVAIL)
		if err == nil || !strings.Contains(err.Error(), "could not bind on any address out of ["+strange) {
			t.Errorf("it says %v", err)
		}
	})
	prove(t, "SRV-24", func(t *testing.T) {
		unknown := engine.AddrInfo{Family: 99, Type: engine.SockStream, Addr: tcpInfo("127.0.0.1").Addr}
		l := newLoop(t)
		l.SetServerLookup(func(context.Context, string) ([]engine.AddrInfo, error) {
			return []engine.AddrInfo{unknown, tcpInfo("127.0.0.1")}, nil
		})
		start(t, l)
		if got := hostsOf(t, l, engine.ServerOptions{Host: "x"}); got != "127.0.0.1" {
			t.Errorf("it listens on %s", got)
		}
	})
	prove(t, "SRV-25", func(t *testing.T) {
		_, err := l.CreateServer(t.Context(), echo, engine.ServerOptions{Hosts: []string{"mixed", "none"}})
		var failed *net.DNSError
		if !errors.As(err, &failed) || failed.Name != "none" {
			t.Errorf("it fails with %v", err)
		}
	})
}

func TestServerLookups(t *testing.T) {
	prove(t, "SRV-26", func(t *testing.T) {
		l := newLoop(t)
		var both sync.WaitGroup
		both.Add(2)
		l.SetServerLookup(func(_ context.Context, host string) ([]engine.AddrInfo, error) {
			both.Done()
			both.Wait() // for the other one
			return []engine.AddrInfo{tcpInfo(host)}, nil
		})
		start(t, l)
		o := engine.ServerOptions{Hosts: []string{"127.0.0.1", "127.0.0.2"}, Port: "named"}
		if got := hostsOf(t, l, o); got != "127.0.0.1 127.0.0.2" {
			t.Errorf("it listens on %s", got)
		}
	})
}

// badServer are options that are refused because of the field arg.
type badServer struct {
	arg string
	o   engine.ServerOptions
}

// refusesOptions wants no loop to be needed for telling what is forbidden.
func refusesOptions(t *testing.T, l *engine.Loop, table []badServer) {
	t.Helper()
	for _, c := range table {
		_, err := l.CreateServer(t.Context(), echo, c.o)
		wantArgError(t, "CreateServer", err, c.arg)
	}
}

// TestServerArguments: what is forbidden is told before anything is touched,
// even on a loop that does not run.
func TestServerArguments(t *testing.T) {
	l := newLoop(t)
	stream, datagram := newSocket(t, engine.AFInet, engine.SockStream), newSocket(t, engine.AFInet, engine.SockDgram)
	prove(t, "SRV-20", func(t *testing.T) {
		refusesOptions(t, l, []badServer{
			{"Port", engine.ServerOptions{}},
			{"Sock", engine.ServerOptions{Sock: stream, Port: 0}},
			{"Sock", engine.ServerOptions{Sock: stream, Host: "127.0.0.1"}},
			{"Sock", engine.ServerOptions{Sock: stream, Hosts: []string{"127.0.0.1"}}},
			{"Sock", engine.ServerOptions{Sock: datagram}},
			{"Hosts", engine.ServerOptions{Host: "127.0.0.1", Hosts: []string{"127.0.0.2"}}},
			{"Port", local(engine.ServerOptions{Port: -1})},
			{"Port", local(engine.ServerOptions{Port: math.MaxUint16 + 1})},
			{"Port", local(engine.ServerOptions{Port: 1.5})},
			{"Family", local(engine.ServerOptions{Family: engine.AFUnix})},
			{"Family", local(engine.ServerOptions{Family: -1})},
			{"Flags", local(engine.ServerOptions{Flags: 1 << 20})},
		})
	})
	prove(t, "SRV-30", func(t *testing.T) {
		refusesOptions(t, l, []badServer{
			{"Backlog", local(engine.ServerOptions{Backlog: -1})},
			{"AcceptBatch", local(engine.ServerOptions{AcceptBatch: -1})},
			{"MaxConnections", local(engine.ServerOptions{MaxConnections: -1})},
		})
	})
	_, err := l.CreateServer(t.Context(), nil, local(engine.ServerOptions{}))
	wantArgError(t, "no factory", err, "f")
	_, err = l.CreateServer(t.Context(), echo, engine.ServerOptions{Sock: stream})
	wantErr(t, "a loop that does not run", err, engine.ErrLoopNotRunning)
	if stream.Fd() < 0 || datagram.Fd() < 0 {
		t.Error("a socket was taken all the same")
	}
}

// TestServerCancelled: a server that nobody gets is closed.
func TestServerCancelled(t *testing.T) {
	l := servingLoop(t)
	k, at := listening(t)
	err := taskErr(t, l, func(ctx context.Context) error {
		task := engine.CreateTask(l, func(ctx context.Context) (*engine.Server, error) {
			return l.CreateServer(ctx, echo, engine.ServerOptions{Sock: k})
		}, engine.TaskOptions{})
		must(t, engine.Sleep(ctx, 0))
		task.Cancel(nil)
		_, err := engine.Await(ctx, task)
		return err
	})
	wantErr(t, "CreateServer", err, engine.ErrCancelled)
	refuses(t, at)
}
