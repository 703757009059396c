package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
	"github.com/shardloop/shardloop/engine/internal/affinity"
)

// pinnedGroup is a group of n loops on these CPUs that run until the test ends.
// Under no host that is tested: the CPUs decide how they wait.
func pinnedGroup(t testing.TB, n int, cpus ...int) *engine.Group {
	t.Helper()
	g, err := engine.NewGroup(n, engine.Config{CPUs: cpus})
	must(t, err)
	must(t, g.Start())
	t.Cleanup(func() {
		if _, err := g.Shutdown(context.Background()); err != nil && !errors.Is(err, engine.ErrLoopDied) {
			t.Error(err)
		}
	})
	return g
}

// steered is a server that tells each client the number of the loop that it is on,
// and hangs up.
func steered(t testing.TB, g *engine.Group, o engine.GroupServerOptions) *engine.GroupServer {
	t.Helper()
	o.Balance = engine.BalanceCPU
	if o.Host == "" && o.Hosts == nil && o.Sock == nil {
		o.ServerOptions = local(o.ServerOptions)
	}
	s, err := g.CreateServer(t.Context(), tellsLoop(g), o)
	if errors.Is(err, syscall.ENOPROTOOPT) {
		t.Skip("this kernel does not steer")
	}
	must(t, err)
	return s
}

func tellsLoop(g *engine.Group) engine.ProtocolFactory {
	return func() engine.Protocol {
		return &served{made: func(c engine.Transport) {
			_, _ = c.Write([]byte{byte(slices.Index(g.Loops(), c.Loop()))})
			c.Close()
		}}
	}
}

// takers are the loops that get 200 connections which are made on a CPU: on one
// machine the first packet is handled where it is sent.
func takers(t testing.TB, cpu int, at net.Addr) []int {
	t.Helper()
	seen := make(chan map[byte]bool)
	go func() {
		runtime.LockOSThread() // and not unlocked: the thread ends with the goroutine
		loops := map[byte]bool{}
		defer func() { seen <- loops }()
		if _, err := affinity.Pin([]int{cpu}); err != nil {
			t.Error(err)
			return
		}
		for range 200 {
			i, err := takerOf(at)
			if err != nil {
				t.Error(err)
				return
			}
			loops[i] = true
		}
	}()
	var list []int
	for _, i := range slices.Sorted(maps.Keys(<-seen)) {
		list = append(list, int(i))
	}
	return list
}

// takerOf is the loop that gets a connection.
func takerOf(at net.Addr) (byte, error) {
	c, err := net.Dial(at.Network(), at.String())
	if err != nil {
		return 0, err
	}
	defer c.Close()
	told, err := io.ReadAll(c)
	if err != nil || len(told) != 1 {
		return 0, fmt.Errorf("the server said %v, %w", told, err)
	}
	return told[0], nil
}

func wantTakers(t testing.TB, cpu int, at net.Addr, want ...int) {
	t.Helper()
	if got := takers(t, cpu, at); !slices.Equal(got, want) {
		t.Errorf("connections that are made on CPU %d to %v go to loops %v, want %v", cpu, at, got, want)
	}
}

// TestSteering: each loop gets the connections of its CPU, several loops of one CPU
// all get some, and those of another CPU go to any.
func TestSteering(t *testing.T) {
	a, b := twoCPUs(t)
	for _, c := range []struct {
		n            int
		cpus         []int
		fromA, fromB []int
	}{
		{1, []int{a}, []int{0}, []int{0}},
		{2, []int{a, b}, []int{0}, []int{1}},
		{2, []int{b, a}, []int{1}, []int{0}},
		{4, []int{a, b}, []int{0, 2}, []int{1, 3}},
		{5, []int{b, a}, []int{1, 3}, []int{0, 2, 4}},
		{4, []int{a, b, b}, []int{0, 3}, []int{1, 2}},
		{3, []int{a}, []int{0, 1, 2}, []int{0, 1, 2}},
	} {
		t.Run(fmt.Sprint(c.n, " loops on ", c.cpus), func(t *testing.T) {
			at := groupAddr(t, steered(t, pinnedGroup(t, c.n, c.cpus...), engine.GroupServerOptions{}))
			wantTakers(t, a, at, c.fromA...)
			wantTakers(t, b, at, c.fromB...)
		})
	}
}

// TestSteeringOptions: connections are steered on every address of a server, and
// whatever its options are.
func TestSteeringOptions(t *testing.T) {
	a, b := twoCPUs(t)
	for name, o := range map[string]engine.ServerOptions{
		"two addresses":   {Hosts: []string{"127.0.0.1", "127.0.0.2"}},
		"both families":   {Hosts: []string{"::1", "127.0.0.1"}},
		"the address new": {NoReuseAddress: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := steered(t, pinnedGroup(t, 2, b, a), engine.GroupServerOptions{ServerOptions: o})
			for _, k := range s.Sockets() {
				at, err := k.LocalAddr()
				must(t, err)
				wantTakers(t, a, at, 1)
				wantTakers(t, b, at, 0)
			}
		})
	}
}

// TestSteeringDeferred: a server that begins later refuses connections before, and
// steers them then, whoever else has it begin at the same time.
func TestSteeringDeferred(t *testing.T) {
	a, b := twoCPUs(t)
	s := steered(t, pinnedGroup(t, 4, b, a), engine.GroupServerOptions{ServerOptions: engine.ServerOptions{Deferred: true}})
	at := groupAddr(t, s)
	refuses(t, at)
	var all sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		all.Go(func() { errs[i] = s.StartServing(t.Context()) })
	}
	all.Wait()
	if err := errors.Join(errs...); errors.Is(err, syscall.ENOPROTOOPT) {
		t.Skip("this kernel does not steer")
	} else if err != nil {
		t.Fatal(err)
	}
	wantTakers(t, a, at, 1, 3)
	wantTakers(t, b, at, 0, 2)
	s.Close()
	wantErr(t, "StartServing after Close", s.StartServing(t.Context()), engine.ErrServerClosed)

	never := steered(t, pinnedGroup(t, 2, a, b), engine.GroupServerOptions{ServerOptions: engine.ServerOptions{Deferred: true}})
	never.Close()
	wantErr(t, "StartServing after Close", never.StartServing(t.Context()), engine.ErrServerClosed)
}

// TestSteeringLosesALoop: the connections of a loop that dies go to another one of
// its CPU, or else to any, and none is refused.
func TestSteeringLosesALoop(t *testing.T) {
	a, b := twoCPUs(t)
	for _, c := range []struct {
		n, victim    int
		fromA, fromB []int
	}{
		{2, 0, []int{1}, []int{1}},
		{2, 1, []int{0}, []int{0}},
		{4, 0, []int{2}, []int{1, 3}},
		{4, 1, []int{0, 2}, []int{3}},
		{4, 3, []int{0, 2}, []int{1}},
	} {
		t.Run(fmt.Sprint(c.victim, " of ", c.n), func(t *testing.T) {
			g := pinnedGroup(t, c.n, a, b)
			victim := g.Loops()[c.victim]
			at := groupAddr(t, steered(t, g, engine.GroupServerOptions{}))
			must(t, victim.CallSoonThreadsafeArg(func(any) {
				victim.SetExceptionHandler(func(*engine.Loop, engine.ErrorContext) {})
				runtime.Goexit()
			}, nil))
			for !victim.IsClosed() {
				runtime.Gosched()
			}
			wantTakers(t, a, at, c.fromA...)
			wantTakers(t, b, at, c.fromB...)
		})
	}
}

// TestSteeringQueueOfALoop: what is queued for a loop that dies, and is alone on its
// CPU, goes on with another one.
func TestSteeringQueueOfALoop(t *testing.T) {
	a, b := twoCPUs(t)
	g := pinnedGroup(t, 2, a, b)
	at, victim := groupAddr(t, steered(t, g, engine.GroupServerOptions{})), g.Loops()[1]
	release := blockLoop(t, victim, func() {
		victim.SetExceptionHandler(func(*engine.Loop, engine.ErrorContext) {})
		runtime.Goexit()
	})
	queued := make(chan net.Conn)
	go func() {
		runtime.LockOSThread() // and not unlocked: the thread ends with the goroutine
		_, err := affinity.Pin([]int{b})
		c, failed := net.Dial(at.Network(), at.String())
		if err = errors.Join(err, failed); err != nil {
			t.Error(err)
		}
		queued <- c
	}()
	if c := <-queued; c != nil {
		defer c.Close()
		release()
		hears(t, c, "\x00")
	}
}

// TestSteeringRefused: there is no steering between loops that are not pinned, to
// one CPU each, nor among sockets of others.
func TestSteeringRefused(t *testing.T) {
	g := startGroup(t, 2)
	_, err := g.CreateServer(t.Context(), echo, engine.GroupServerOptions{
		ServerOptions: local(engine.ServerOptions{}), Balance: engine.BalanceCPU,
	})
	wantArgError(t, "loops that are not pinned", err, "Balance")
	_, err = g.CreateUnixServer(t.Context(), echo, engine.GroupUnixServerOptions{
		UnixServerOptions: engine.UnixServerOptions{Path: shortDir(t) + "/s"}, Balance: engine.BalanceCPU,
	})
	wantArgError(t, "loops that are not pinned", err, "Balance")
	g = pinnedGroup(t, 2, allCPUs(t)...)
	_, err = g.CreateServer(t.Context(), echo, engine.GroupServerOptions{
		ServerOptions: local(engine.ServerOptions{ReusePort: true}), Balance: engine.BalanceCPU,
	})
	wantArgError(t, "a port that is shared", err, "ReusePort")
}

// TestSteeringByHand: a unix socket and one that was given cannot be steered, and
// have their connections handed over.
func TestSteeringByHand(t *testing.T) {
	g := pinnedGroup(t, 2, allCPUs(t)...)
	k := newSocket(t, engine.AFInet, engine.SockStream)
	must(t, k.Bind(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}))
	given := groupAddr(t, steered(t, g, engine.GroupServerOptions{ServerOptions: engine.ServerOptions{Sock: k}}))
	path := shortDir(t) + "/s"
	_, err := g.CreateUnixServer(t.Context(), tellsLoop(g), engine.GroupUnixServerOptions{
		UnixServerOptions: engine.UnixServerOptions{Path: path}, Balance: engine.BalanceCPU,
	})
	must(t, err)
	for _, at := range []net.Addr{given, unixAt(path)} {
		for range 10 {
			i, err := takerOf(at)
			must(t, err)
			if i > 1 {
				t.Errorf("loop %d", i)
			}
		}
	}
}
