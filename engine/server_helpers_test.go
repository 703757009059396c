package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// served is a protocol that tells of its events. Its functions may be nil; they
// run on the loop.
type served struct {
	engine.BaseProtocol
	transport engine.Transport
	made      func(t engine.Transport)
	data      func(p []byte)
	end       func() bool
	lost      func(err error)
}

func (s *served) ConnectionMade(t engine.Transport) {
	s.transport = t
	if s.made != nil {
		s.made(t)
	}
}

func (s *served) DataReceived(p []byte) {
	if s.data != nil {
		s.data(p)
	}
}

func (s *served) EOFReceived() bool { return s.end != nil && s.end() }

func (s *served) ConnectionLost(err error) {
	if s.lost != nil {
		s.lost(err)
	}
}

// echo sends back what comes.
func echo() engine.Protocol {
	s := &served{}
	s.data = func(p []byte) { _, _ = s.transport.Write(p) }
	return s
}

// serverReports collects what the exception handler is told.
type serverReports struct {
	mu   sync.Mutex
	list []engine.ErrorContext
}

// reportsOf collects the reports of a loop. Before it runs.
func reportsOf(l *engine.Loop) *serverReports {
	r := &serverReports{}
	l.SetExceptionHandler(func(_ *engine.Loop, c engine.ErrorContext) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.list = append(r.list, c)
	})
	return r
}

// take returns what came since the last take.
func (r *serverReports) take() []engine.ErrorContext {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.list
	r.list = nil
	return list
}

// none complains about any report.
func (r *serverReports) none(t testing.TB) {
	t.Helper()
	for _, c := range r.take() {
		t.Errorf("reported: %s: %v", c.Message, c.Err)
	}
}

// servingLoop is a loop that runs, whose reports fail the test.
func servingLoop(t testing.TB) *engine.Loop {
	t.Helper()
	l := newLoop(t)
	r := reportsOf(l)
	start(t, l)
	t.Cleanup(func() { r.none(t) })
	return l
}

// local is a server on a free port of this machine.
func local(o engine.ServerOptions) engine.ServerOptions {
	o.Host = "127.0.0.1"
	return o
}

// serve makes a server of a running loop that is closed at the test's end, with
// its connections.
func serve(t testing.TB, l *engine.Loop, f engine.ProtocolFactory, o engine.ServerOptions) *engine.Server {
	t.Helper()
	s, err := l.CreateServer(t.Context(), f, o)
	must(t, err)
	endServer(t, l, s)
	return s
}

func endServer(t testing.TB, l *engine.Loop, s *engine.Server) {
	t.Cleanup(func() {
		onLoop(t, l, func() { s.Close(); s.AbortClients() })
		must(t, s.WaitClosed(context.Background()))
	})
}

// serveHere is serve for a loop that does not run, which runs for it.
func serveHere(t testing.TB, l *engine.Loop, f engine.ProtocolFactory, o engine.ServerOptions) *engine.Server {
	t.Helper()
	s, err := engine.RunUntilComplete(l, func(ctx context.Context) (*engine.Server, error) {
		return l.CreateServer(ctx, f, local(o))
	})
	must(t, err)
	t.Cleanup(func() {
		s.Close()
		s.AbortClients()
		_, err := engine.RunUntilComplete(l, func(ctx context.Context) (struct{}, error) {
			return struct{}{}, s.WaitClosed(ctx)
		})
		must(t, err)
	})
	return s
}

// fileConn is a connection of package net on a descriptor, which it takes.
func fileConn(t testing.TB, fd engine.FD) net.Conn {
	t.Helper()
	f := os.NewFile(uintptr(fd), "socket")
	defer f.Close()
	c, err := net.FileConn(f)
	must(t, err)
	return c
}

// address is where a server listens.
func address(t testing.TB, l *engine.Loop, s *engine.Server) net.Addr {
	t.Helper()
	return addressesOf(t, l, s)[0]
}

func addressesOf(t testing.TB, l *engine.Loop, s *engine.Server) (list []net.Addr) {
	t.Helper()
	for _, k := range socketsOf(t, l, s) {
		at, err := k.LocalAddr()
		must(t, err)
		list = append(list, at)
	}
	return list
}

func socketsOf(t testing.TB, l *engine.Loop, s *engine.Server) (list []*engine.TransportSocket) {
	t.Helper()
	onLoop(t, l, func() { list = s.Sockets() })
	return list
}

// client connects to an address. It is closed with the test.
func client(t testing.TB, at net.Addr) net.Conn {
	t.Helper()
	c, err := net.Dial(at.Network(), at.String())
	must(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

// says wants the server to answer what c sends with the same.
func says(t testing.TB, c net.Conn, text string) {
	t.Helper()
	_, err := io.WriteString(c, text)
	must(t, err)
	hears(t, c, text)
}

// hears wants c to receive text.
func hears(t testing.TB, c net.Conn, text string) {
	t.Helper()
	got := make([]byte, len(text))
	if _, err := io.ReadFull(c, got); err != nil || string(got) != text {
		t.Errorf("received %q, %v, want %q", got, err, text)
	}
}

// hangsUp wants the server to end the connection in good order.
func hangsUp(t testing.TB, c net.Conn) {
	t.Helper()
	if rest, err := io.ReadAll(c); err != nil || len(rest) > 0 {
		t.Errorf("received %q, %v, want the end", rest, err)
	}
}

// refuses wants nobody to listen at an address.
func refuses(t testing.TB, at net.Addr) {
	t.Helper()
	c, err := net.Dial(at.Network(), at.String())
	if err == nil {
		c.Close()
		t.Errorf("%v accepts", at)
		return
	}
	if !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v: %v, want a refusal", at, err)
	}
}

// statsOf are a server's counts.
func statsOf(t testing.TB, l *engine.Loop, s *engine.Server) (stats engine.ServerStats) {
	t.Helper()
	onLoop(t, l, func() { stats = s.Stats() })
	return stats
}

// until runs turns of the loop until ok.
func until(t testing.TB, l *engine.Loop, ok func() bool) {
	t.Helper()
	done := make(chan struct{})
	var look func()
	look = func() {
		if ok() {
			close(done)
			return
		}
		_ = l.CallSoon(look)
	}
	onLoop(t, l, look)
	<-done
}

// taskErr runs fn as a task of a running loop.
func taskErr(t testing.TB, l *engine.Loop, fn func(ctx context.Context) error) error {
	t.Helper()
	_, err := engine.Submit(l, func(ctx context.Context) (struct{}, error) { return struct{}{}, fn(ctx) }).Wait(context.Background())
	return err
}

// asked runs fn, which waits for the loop, on a goroutine of its own, and returns
// where its error comes, once the loop has begun with it.
func asked(t testing.TB, l *engine.Loop, fn func() error) <-chan error {
	t.Helper()
	before := len(engine.AllTasks(l))
	c := make(chan error, 1)
	go func() { c <- fn() }()
	until(t, l, func() bool { return len(engine.AllTasks(l)) > before || len(c) > 0 })
	return c
}

// waits wants no answer after turns of the loop in which there could be one.
func waits(t testing.TB, l *engine.Loop, what string, c <-chan error) {
	t.Helper()
	for range 5 {
		onLoop(t, l, nop)
	}
	select {
	case err := <-c:
		t.Errorf("%s ended with %v before its time", what, err)
	default:
	}
}

// texts are the values as text, sorted.
func texts[T any](list []T) (out []string) {
	for _, v := range list {
		out = append(out, fmt.Sprint(v))
	}
	slices.Sort(out)
	return out
}

var errTest = errors.New("by the test")

// readAll counts what comes until the end.
func readAll(c net.Conn) (int, error) {
	n, err := io.Copy(io.Discard, c)
	return int(n), err
}

// ends leaves the counts of Shutdown out.
func ends(_ engine.ShutdownStats, err error) error { return err }

// shuts is Shutdown without its counts.
func shuts(s *engine.Server) func(context.Context) error {
	return func(ctx context.Context) error { return ends(s.Shutdown(ctx)) }
}
