package engine_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// lookUp is GetAddrInfo in a task.
func lookUp(l *engine.Loop, host string, port any, o engine.LookupOptions) ([]engine.AddrInfo, error) {
	return engine.RunUntilComplete(l, func(ctx context.Context) ([]engine.AddrInfo, error) {
		return l.GetAddrInfo(ctx, host, port, o)
	})
}

// namesOf is GetNameInfo in a task.
func namesOf(l *engine.Loop, at string, flags int) ([2]string, error) {
	return engine.RunUntilComplete(l, func(ctx context.Context) ([2]string, error) {
		host, service, err := l.GetNameInfo(ctx, engine.InfoAt(netip.MustParseAddrPort(at)).Addr, flags)
		return [2]string{host, service}, err
	})
}

// heldLookups makes lookups of both kinds on a loop begin, and end when their gate is
// opened or nobody waits.
func heldLookups(l *engine.Loop) gate {
	g := gate{make(chan struct{}, 100), make(chan struct{})}
	wait := func(ctx context.Context) error {
		g.begun <- struct{}{}
		select {
		case <-g.open:
		case <-ctx.Done():
		}
		return ctx.Err()
	}
	l.SetLookup(engine.LookupContext(func(ctx context.Context) ([]engine.AddrInfo, error) {
		return infos("4"), wait(ctx)
	}))
	l.SetNameLookup(func(ctx context.Context, _ netip.AddrPort, _ int) ([2]string, error) {
		return [2]string{"name", "service"}, wait(ctx)
	})
	return g
}

func TestGetAddrInfo(t *testing.T) {
	prove(t, "DNS-01", func(t *testing.T) {
		l := newLoop(t)
		g := heldLookups(l)
		l.CallSoon(func() { close(g.open) }) // runs while the lookup is held: the loop goes on
		if list, err := lookUp(l, "host", 80, engine.LookupOptions{}); names(list) != "4a" || err != nil {
			t.Errorf("%v, %v", list, err)
		}
		l.SetLookup(engine.LookupFunc(func(string) ([]engine.AddrInfo, error) { return infos("6446"), nil }))
		if list, err := lookUp(l, "host", 80, engine.LookupOptions{}); names(list) != "6a 4b 4c 6d" || err != nil {
			t.Errorf("%v, %v: the order is the resolver's", list, err)
		}
	})
	prove(t, "DNS-02", func(t *testing.T) {
		l := newLoop(t)
		for _, c := range []struct {
			o    engine.LookupOptions
			want string
		}{
			{engine.LookupOptions{}, "4 tcp 1.2.3.4:80, 4 udp 1.2.3.4:80, 4 raw 1.2.3.4:80"},
			{engine.LookupOptions{Type: engine.SockDgram}, "4 udp 1.2.3.4:80"},
			{engine.LookupOptions{Proto: engine.IPProtoTCP}, "4 tcp 1.2.3.4:80"},
			{engine.LookupOptions{Type: engine.SockStream, Family: engine.AFInet6, Flags: engine.AIV4Mapped}, "6 tcp [::ffff:1.2.3.4]:80"},
		} {
			if list, err := lookUp(l, "1.2.3.4", 80, c.o); rowsText(list) != c.want || err != nil {
				t.Errorf("%+v: %s, %v, want %s", c.o, rowsText(list), err, c.want)
			}
		}
		asked := engine.AddrHints{}
		l.SetLookup(engine.LookupHints(func(_ string, _ engine.Service, h engine.AddrHints) ([]engine.AddrInfo, error) {
			asked = h
			return infos("4"), nil
		}))
		want := engine.AddrHints{Family: engine.AFInet, Type: engine.SockStream, Proto: engine.IPProtoTCP, Flags: engine.AICanonName}
		if _, err := lookUp(l, "host", nil, engine.LookupOptions(want)); asked != want || err != nil {
			t.Errorf("asked for %+v, %v, want %+v", asked, err, want)
		}
	})
	prove(t, "DNS-03", func(t *testing.T) {
		l := newLoop(t)
		var dns *net.DNSError
		if _, err := lookUp(l, "localhost", "no-such-service", engine.LookupOptions{}); !errors.As(err, &dns) {
			t.Errorf("a service that nobody has is %v, want a *net.DNSError", err)
		}
		if _, err := lookUp(l, "", nil, engine.LookupOptions{Flags: engine.AIPassive}); !errors.As(err, &dns) {
			t.Errorf("neither a host nor a port is %v, want a *net.DNSError", err)
		}
		for port, known := range map[any]bool{80: false, "http": false, "": true} {
			list, err := lookUp(l, "1.2.3.4", port, engine.LookupOptions{Type: engine.SockRaw})
			if known != (rowsText(list) == "4 raw 1.2.3.4:0") || errors.As(err, &dns) == known {
				t.Errorf("the port %#v of raw sockets: %s, %v", port, rowsText(list), err)
			}
		}
		l.SetLookup(engine.LookupFunc(func(string) ([]engine.AddrInfo, error) { return nil, nil }))
		if _, err := lookUp(l, "nowhere.invalid", 80, engine.LookupOptions{}); !errors.As(err, &dns) || dns.Name != "nowhere.invalid" {
			t.Errorf("a host that nobody has is %v, want a *net.DNSError with its name", err)
		}
	})
}

func TestGetAddrInfoWildcard(t *testing.T) {
	prove(t, "DNS-08", func(t *testing.T) {
		l := newLoop(t)
		list, err := lookUp(l, "127.1", nil, engine.LookupOptions{Type: engine.SockStream})
		if rowsText(list) != "4 tcp 127.0.0.1:0" || err != nil {
			t.Errorf("port nil: %s, %v", rowsText(list), err)
		}
		for _, port := range []any{"", 0, "0"} {
			list, err := lookUp(l, "", port, engine.LookupOptions{Type: engine.SockStream, Flags: engine.AIPassive})
			if rowsText(list) != "4 tcp 0.0.0.0:0, 6 tcp [::]:0" || err != nil {
				t.Errorf("port %v: %s, %v", port, rowsText(list), err)
			}
		}
	})
}

func TestGetAddrInfoBadInput(t *testing.T) {
	l := newLoop(t)
	for want, c := range map[string]struct {
		host string
		port any
		o    engine.LookupOptions
	}{
		"port":   {"host", -1, engine.LookupOptions{}},
		"Family": {"host", 80, engine.LookupOptions{Family: engine.AFUnix}},
		"Type":   {"host", 80, engine.LookupOptions{Type: 77}},
		"Proto":  {"host", 80, engine.LookupOptions{Type: engine.SockStream, Proto: engine.IPProtoUDP}},
		"Flags":  {"host", 80, engine.LookupOptions{Flags: 1 << 20}},
	} {
		_, err := l.GetAddrInfo(t.Context(), c.host, c.port, c.o)
		wantArgError(t, want, err, want)
	}
	_, err := l.GetAddrInfo(t.Context(), "", 80, engine.LookupOptions{Flags: engine.AICanonName})
	wantArgError(t, "no host", err, "Flags")
	_, _, err = l.GetNameInfo(t.Context(), engine.Addr{}, 0)
	wantArgError(t, "no address", err, "addr")
	_, _, err = l.GetNameInfo(t.Context(), engine.InfoAt(netip.MustParseAddrPort("[::1]:1")).Addr, 4)
	wantArgError(t, "flags", err, "flags")
	_, err = l.GetAddrInfo(t.Context(), "host", 80, engine.LookupOptions{})
	wantErr(t, "a loop that does not run", err, engine.ErrLoopNotRunning)
}

func TestGetNameInfo(t *testing.T) {
	prove(t, "DNS-04", func(t *testing.T) {
		l := newLoop(t)
		both := engine.NINumericHost | engine.NINumericServ
		if got, err := namesOf(l, "127.0.0.1:80", both); got != [2]string{"127.0.0.1", "80"} || err != nil {
			t.Errorf("numbers: %q, %v", got, err)
		}
		if got, err := namesOf(l, "[fe80::1%7]:80", both); got != [2]string{"fe80::1%7", "80"} || err != nil {
			t.Errorf("numbers with a scope: %q, %v", got, err)
		}
		if got, err := namesOf(l, "127.0.0.1:1", engine.NINumericServ); got[1] != "1" || got[0] == "" || err != nil {
			t.Errorf("a name and a number: %q, %v", got, err)
		}
		asked := 0
		l.SetNameLookup(func(_ context.Context, at netip.AddrPort, flags int) ([2]string, error) {
			asked = flags
			return [2]string{at.String(), "service"}, nil
		})
		if got, err := namesOf(l, "1.2.3.4:80", engine.NIDgram); got != [2]string{"1.2.3.4:80", "service"} || asked != engine.NIDgram || err != nil {
			t.Errorf("%q by the flags %d, %v", got, asked, err)
		}
	})
}

func TestLookupsInDebugMode(t *testing.T) {
	prove(t, "DNS-05", func(t *testing.T) {
		for slow, level := range map[time.Duration]slog.Level{0: slog.LevelInfo, time.Hour: slog.LevelDebug} {
			l, log := logged(t, engine.Config{Debug: true})
			l.SetSlowCallbackDuration(slow)
			_, err := lookUp(l, "1.2.3.4", 80, engine.LookupOptions{Type: engine.SockStream})
			must(t, err)
			found, list := false, log.take()
			for _, r := range list {
				found = found || r.level == level && strings.HasPrefix(r.text, "Getting address info 1.2.3.4:80 took ") && strings.Contains(r.text, "ms: ")
			}
			if !found {
				t.Errorf("with %v as slow: %+v", slow, list)
			}
		}
	})
}

func TestLookupsEnd(t *testing.T) {
	prove(t, "DNS-06", func(t *testing.T) {
		l := newLoop(t)
		g := heldLookups(l)
		close(g.open)
		_, err := lookUp(l, "host", 80, engine.LookupOptions{})
		must(t, err)
		must(t, l.ShutdownDefaultExecutor(t.Context(), engine.NoTimeout))
		_, err = lookUp(l, "host", 80, engine.LookupOptions{})
		wantErr(t, "GetAddrInfo", err, engine.ErrExecutorShutdown)
		_, err = namesOf(l, "1.2.3.4:80", 0)
		wantErr(t, "GetNameInfo", err, engine.ErrExecutorShutdown)
	})
	prove(t, "DNS-07", func(t *testing.T) {
		for what, call := range map[string]func(ctx context.Context, l *engine.Loop) error{
			"GetAddrInfo": func(ctx context.Context, l *engine.Loop) error {
				_, err := l.GetAddrInfo(ctx, "host", 80, engine.LookupOptions{})
				return err
			},
			"GetNameInfo": func(ctx context.Context, l *engine.Loop) error {
				_, _, err := l.GetNameInfo(ctx, engine.InfoAt(netip.MustParseAddrPort("1.2.3.4:80")).Addr, 0)
				return err
			},
		} {
			l := newLoop(t)
			g := heldLookups(l)
			begin := func(ctx context.Context) (*engine.Task[struct{}], error) {
				task := engine.CreateTask(l, func(ctx context.Context) (struct{}, error) { return struct{}{}, call(ctx, l) }, engine.TaskOptions{})
				_, err := engine.Await(ctx, engine.RunInExecutor(l, nil, func() (struct{}, error) { <-g.begun; return struct{}{}, nil }))
				return task, err
			}
			_, err := engine.RunUntilComplete(l, func(ctx context.Context) (struct{}, error) {
				task, err := begin(ctx)
				must(t, err)
				task.Cancel(nil)
				_, err = engine.Await(ctx, task)
				wantErr(t, what, err, engine.ErrCancelled)
				_, err = begin(ctx) // and one that is in flight when the loop is closed
				return struct{}{}, err
			})
			must(t, err)
			must(t, l.Close())
			close(g.open)
		}
	})
	prove(t, "DNS-09", func(t *testing.T) {
		l := newLoop(t)
		g := heldLookups(l)
		workers := min(32, runtime.NumCPU()+4)
		_, err := engine.RunUntilComplete(l, func(ctx context.Context) (struct{}, error) {
			var tasks []*engine.Task[[]engine.AddrInfo]
			for range workers + 3 {
				tasks = append(tasks, engine.CreateTask(l, func(ctx context.Context) ([]engine.AddrInfo, error) {
					return l.GetAddrInfo(ctx, "host", 80, engine.LookupOptions{})
				}, engine.TaskOptions{}))
			}
			running, err := engine.Await(ctx, engine.RunInExecutor(l, nil, func() (int, error) {
				for range workers {
					<-g.begun
				}
				return workers + len(g.begun), nil
			}))
			if running != workers || err != nil {
				t.Errorf("%d lookups run at the same time, %v, want %d", running, err, workers)
			}
			close(g.open)
			_, err = engine.Await(ctx, engine.Gather(tasks...))
			return struct{}{}, err
		})
		must(t, err)
	})
}

// TestLookupsBesideJobs: jobs that fill the default executor do not hold lookups up.
func TestLookupsBesideJobs(t *testing.T) {
	l := newLoop(t)
	open := make(chan struct{})
	_, err := engine.RunUntilComplete(l, func(ctx context.Context) (struct{}, error) {
		var jobs []*engine.Future[struct{}]
		for range min(32, runtime.NumCPU()+4) {
			jobs = append(jobs, engine.RunInExecutor(l, nil, func() (struct{}, error) { <-open; return struct{}{}, nil }))
		}
		_, err := l.GetAddrInfo(ctx, "localhost", 80, engine.LookupOptions{})
		close(open)
		must(t, err)
		_, err = engine.Await(ctx, engine.Gather(jobs...))
		return struct{}{}, err
	})
	must(t, err)
}

func TestServiceName(t *testing.T) {
	const list = "# services\nftp 21/tcp\nhttp\t80/tcp www # the web\n#x 1/tcp\nhttp 80/udp\n\nlonely\n"
	for port, want := range map[string]string{"80/tcp": "http", "21/tcp": "ftp", "21/udp": "", "1/tcp": "", "www": "", "80": ""} {
		if got := engine.ServiceName(strings.NewReader(list), port); got != want {
			t.Errorf("%s is %q, want %q", port, got, want)
		}
	}
}
