package engine_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// lookedUp asks package net, whose resolver must not ask anybody else.
func lookedUp(t *testing.T, host string, port engine.Service, h engine.AddrHints) (string, error) {
	t.Helper()
	r := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errFails
	}}
	list, err := engine.Find(t.Context(), engine.NetLookup(r), host, port, h)
	return rowsText(list), err
}

func TestNetLookup(t *testing.T) {
	stream := engine.AddrHints{Type: engine.SockStream}
	with := func(family, flags int) engine.AddrHints {
		return engine.AddrHints{Family: family, Type: engine.SockStream, Flags: flags}
	}
	for _, c := range []struct {
		host  string
		port  engine.Service
		hints engine.AddrHints
		want  string
	}{
		{"", engine.Numbered(80), stream, "6 tcp [::1]:80, 4 tcp 127.0.0.1:80"},
		{"", engine.Numbered(80), with(0, engine.AIPassive), "4 tcp 0.0.0.0:80, 6 tcp [::]:80"},
		{"", engine.Numbered(80), with(engine.AFInet, engine.AIPassive), "4 tcp 0.0.0.0:80"},
		{"", engine.Numbered(80), with(engine.AFInet6, 0), "6 tcp [::1]:80"},
		{"", engine.Numbered(80), with(engine.AFInet, 0), "4 tcp 127.0.0.1:80"},
		{"1.2.3.4", engine.Named("http"), stream, "4 tcp 1.2.3.4:80"},
		{"::ffff:1.2.3.4", engine.Named("http"), with(engine.AFInet, 0), "4 tcp 1.2.3.4:80"},
		{"0x7f.1", engine.Numbered(80), with(0, engine.AICanonName), "4 tcp 127.0.0.1:80 (0x7f.1)"},
		{"127.1", engine.Numbered(80), with(engine.AFInet6, engine.AIV4Mapped|engine.AINumericHost), "6 tcp [::ffff:127.0.0.1]:80"},
		{"fe80::1%7", engine.Numbered(1), stream, "6 tcp [fe80::1%7]:1"},
		{"1.2.3.4", engine.Numbered(1), engine.AddrHints{}, "4 tcp 1.2.3.4:1, 4 udp 1.2.3.4:1, 4 raw 1.2.3.4:1"},
		{"1.2.3.4", engine.Numbered(1), engine.AddrHints{Proto: engine.IPProtoUDP}, "4 udp 1.2.3.4:1"},
		{"1.2.3.4", engine.Numbered(1), engine.AddrHints{Type: engine.SockRaw, Proto: 1}, fmt.Sprintf("4 %d/1 1.2.3.4:1", engine.SockRaw)},
		{"::1", engine.Numbered(1), with(engine.AFInet6, engine.AINumericHost|engine.AINumericServ), "6 tcp [::1]:1"},
		{"::1", engine.Named("http"), with(0, engine.AICanonName), "6 tcp [::1]:80 (::1)"},
		{"1.2.3.4", engine.Numbered(1), with(engine.AFInet6, engine.AIV4Mapped), "6 tcp [::ffff:1.2.3.4]:1"},
		{"1.2.3.4", engine.Numbered(1), with(0, engine.AIV4Mapped), "4 tcp 1.2.3.4:1"},
		{"::2", engine.Numbered(1), with(engine.AFInet6, engine.AIV4Mapped), "6 tcp [::2]:1"},
	} {
		if got, err := lookedUp(t, c.host, c.port, c.hints); got != c.want || err != nil {
			t.Errorf("%s %+v %+v: %s, %v, want %s", c.host, c.port, c.hints, got, err, c.want)
		}
	}
}

// TestNetLookupService: ssh is a service of streams, on some systems of datagrams
// too, and never of raw sockets.
func TestNetLookupService(t *testing.T) {
	got, err := lookedUp(t, "1.2.3.4", engine.Named("ssh"), engine.AddrHints{})
	if !strings.HasPrefix(got, "4 tcp 1.2.3.4:22") || strings.Contains(got, "raw") || err != nil {
		t.Errorf("%s, %v", got, err)
	}
}

// nameServer is one end of a connection to a server that knows an IPv4 address
// for every name, and nothing else.
func nameServer() net.Conn {
	client, server := net.Pipe()
	go func() {
		defer server.Close()
		for size := make([]byte, 2); ; {
			if _, err := io.ReadFull(server, size); err != nil {
				return
			}
			query := make([]byte, binary.BigEndian.Uint16(size))
			if _, err := io.ReadFull(server, query); err != nil {
				return
			}
			reply := nameReply(query)
			if _, err := server.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(reply))), reply...)); err != nil {
				return
			}
		}
	}()
	return client
}

// nameReply answers a question of RFC 1035.
func nameReply(query []byte) []byte {
	question := query[12 : 12+bytes.IndexByte(query[12:], 0)+5] // the name, a type and a class
	answers := byte(0)
	if question[len(question)-3] == 1 { // an A record
		answers = 1
	}
	reply := append([]byte{query[0], query[1], 0x81, 0x80, 0, 1, 0, answers, 0, 0, 0, 0}, question...)
	if answers == 1 {
		reply = append(reply, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 1, 2, 3, 4)
	}
	return reply
}

func TestNetLookupAsks(t *testing.T) {
	r := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nameServer(), nil
	}}
	for family, known := range map[int]bool{engine.AFUnspec: true, engine.AFInet: true, engine.AFInet6: false} {
		hints := engine.AddrHints{Family: family, Type: engine.SockStream}
		list, err := engine.Find(t.Context(), engine.NetLookup(r), "name.test.", engine.Numbered(80), hints)
		var dns *net.DNSError
		switch {
		case known && (err != nil || len(list) != 1 || rowText(list[0]) != "4 tcp 1.2.3.4:80"):
			t.Errorf("family %d: %v, %v", family, list, err)
		case !known && !errors.As(err, &dns):
			t.Errorf("family %d: %v, %v, want a *net.DNSError", family, list, err)
		}
	}
}

// TestNetLookupMapped: a name that has IPv4 addresses alone has mapped ones for who
// asks for that.
func TestNetLookupMapped(t *testing.T) {
	r := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nameServer(), nil
	}}
	hints := engine.AddrHints{Family: engine.AFInet6, Type: engine.SockStream, Flags: engine.AIV4Mapped | engine.AICanonName}
	list, err := engine.Find(t.Context(), engine.NetLookup(r), "name.test.", engine.Numbered(80), hints)
	if got := rowsText(list); got != "6 tcp [::ffff:1.2.3.4]:80 (name.test)" || err != nil {
		t.Errorf("%s, %v", got, err)
	}
}

// TestConfigured: what a machine has no address of is not looked up.
func TestConfigured(t *testing.T) {
	for _, c := range []struct {
		network   string
		four, six bool
		want      string // empty: an error
	}{
		{"ip", true, true, "ip"}, {"ip", false, false, "ip"}, {"ip", true, false, "ip4"}, {"ip", false, true, "ip6"},
		{"ip4", true, false, "ip4"}, {"ip4", false, true, ""}, {"ip6", false, true, "ip6"}, {"ip6", true, false, ""},
	} {
		got, err := engine.Configured("host", c.network, func() (bool, bool) { return c.four, c.six })
		var dns *net.DNSError
		if got != c.want || (err != nil) != (c.want == "") || err != nil && !errors.As(err, &dns) {
			t.Errorf("%+v: %q, %v", c, got, err)
		}
	}
}

func TestNetLookupFails(t *testing.T) {
	for what, c := range map[string]struct {
		host  string
		port  engine.Service
		hints engine.AddrHints
	}{
		"another family": {"::1", engine.Numbered(1), engine.AddrHints{Family: engine.AFInet}},
		"IPv4":           {"1.2.3.4", engine.Numbered(1), engine.AddrHints{Family: engine.AFInet6}},
		"no number":      {"localhost", engine.Numbered(1), engine.AddrHints{Flags: engine.AINumericHost}},
		"no port":        {"::1", engine.Named("http"), engine.AddrHints{Flags: engine.AINumericServ}},
		"no service":     {"::1", engine.Named("no-such-service"), engine.AddrHints{Type: engine.SockStream}},
		"a sign":         {"::1", engine.Named("-"), engine.AddrHints{Type: engine.SockStream}},
		"raw sockets":    {"::1", engine.Named("http"), engine.AddrHints{Type: engine.SockRaw}},
		"no interface":   {"fe80::1%no-such-interface", engine.Numbered(1), engine.AddrHints{}},
	} {
		var dns *net.DNSError
		if got, err := lookedUp(t, c.host, c.port, c.hints); !errors.As(err, &dns) || got != "" {
			t.Errorf("%s: %s, %v, want a *net.DNSError", what, got, err)
		}
	}
	_, err := lookedUp(t, "::1", engine.Numbered(1), engine.AddrHints{Family: engine.AFUnix})
	wantArgError(t, "family", err, "family")
	_, err = lookedUp(t, "::1", engine.Numbered(1), engine.AddrHints{Flags: 1 << 20})
	wantArgError(t, "flags", err, "flags")
	_, err = lookedUp(t, "::1", engine.Numbered(1), engine.AddrHints{Type: engine.SockStream, Proto: engine.IPProtoUDP})
	wantArgError(t, "proto", err, "proto")
}

// resolve looks a host up for a stream in a task.
func resolve(t *testing.T, find engine.Lookup, host string) (list []engine.AddrInfo, err error) {
	t.Helper()
	l := newLoop(t)
	return engine.RunUntilComplete(l, func(ctx context.Context) ([]engine.AddrInfo, error) {
		return l.Addresses(ctx, find, host, engine.Numbered(80), engine.AddrHints{Type: engine.SockStream})
	})
}

func TestAddresses(t *testing.T) {
	asked := ""
	find := func(list []engine.AddrInfo, err error) engine.Lookup {
		return engine.LookupFunc(func(host string) ([]engine.AddrInfo, error) {
			asked += host + " "
			return list, err
		})
	}
	if list, err := resolve(t, find(infos("46"), nil), "host"); names(list) != "4a 6b" || err != nil {
		t.Errorf("%s, %v", names(list), err)
	}
	list, err := resolve(t, find(nil, nil), "1.2.3.4")
	if err != nil || len(list) != 1 || rowText(list[0]) != "4 tcp 1.2.3.4:80" {
		t.Errorf("%v, %v", list, err)
	}
	var dns *net.DNSError
	if _, err := resolve(t, find(nil, nil), "empty"); !errors.As(err, &dns) || dns.Name != "empty" {
		t.Errorf("no address at all is %v, want a *net.DNSError", err)
	}
	_, err = resolve(t, find(nil, errFails), "broken")
	wantErr(t, "broken", err, errFails)
	if asked != "host empty broken " {
		t.Errorf("asked for %q: nobody has to be asked for a number", asked)
	}
}

// TestAddressesCancelled: a cancelled task does not wait for its lookup, which
// learns that nobody waits.
func TestAddressesCancelled(t *testing.T) {
	l := newLoop(t)
	began, ended := make(chan struct{}), make(chan error)
	find := engine.LookupContext(func(ctx context.Context) ([]engine.AddrInfo, error) {
		close(began)
		<-ctx.Done()
		ended <- ctx.Err()
		return nil, ctx.Err()
	})
	_, err := engine.RunUntilComplete(l, func(ctx context.Context) (struct{}, error) {
		task := engine.CreateTask(l, func(ctx context.Context) ([]engine.AddrInfo, error) {
			return l.Addresses(ctx, find, "host", engine.Numbered(80), engine.AddrHints{Type: engine.SockStream})
		}, engine.TaskOptions{})
		waiting := engine.RunInExecutor(l, nil, func() (struct{}, error) { <-began; return struct{}{}, nil })
		if _, err := engine.Await(ctx, waiting); err != nil {
			return struct{}{}, err
		}
		task.Cancel(nil)
		_, err := engine.Await(ctx, task)
		return struct{}{}, err
	})
	wantErr(t, "the task", err, engine.ErrCancelled)
	wantErr(t, "the lookup", <-ended, context.Canceled)
}

// TestAddressesAfterCancel: a task that was cancelled and goes on may look hosts
// up; its context, which has ended, does not stop that.
func TestAddressesAfterCancel(t *testing.T) {
	l := newLoop(t)
	find := engine.LookupContext(func(ctx context.Context) ([]engine.AddrInfo, error) { return infos("4"), ctx.Err() })
	list, err := engine.RunUntilComplete(l, func(ctx context.Context) ([]engine.AddrInfo, error) {
		task := engine.CreateTask(l, func(ctx context.Context) ([]engine.AddrInfo, error) {
			wantErr(t, "the wait", engine.Sleep(ctx, time.Hour), engine.ErrCancelled)
			return l.Addresses(ctx, find, "host", engine.Numbered(80), engine.AddrHints{Type: engine.SockStream})
		}, engine.TaskOptions{})
		must(t, engine.Sleep(ctx, 0))
		task.Cancel(nil)
		return engine.Await(ctx, task)
	})
	if names(list) != "4a" || err != nil {
		t.Errorf("%v, %v", list, err)
	}
}
