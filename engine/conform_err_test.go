package engine_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// record is one record of a logger.
type record struct {
	level slog.Level
	text  string
	attrs map[string]any
}

// records is a slog.Handler that keeps what it gets, or panics with it.
type records struct {
	mu     sync.Mutex
	list   []record
	panics any
}

func (r *records) Enabled(context.Context, slog.Level) bool { return true }
func (r *records) WithAttrs([]slog.Attr) slog.Handler       { return r }
func (r *records) WithGroup(string) slog.Handler            { return r }

func (r *records) Handle(_ context.Context, s slog.Record) error {
	if r.panics != nil {
		panic(r.panics)
	}
	attrs := map[string]any{}
	s.Attrs(func(a slog.Attr) bool { attrs[a.Key] = a.Value.Any(); return true })
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, record{s.Level, s.Message, attrs})
	return nil
}

// take returns the records since the last take.
func (r *records) take() []record {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.list
	r.list = nil
	return list
}

// one returns the single record since the last take.
func (r *records) one(t *testing.T) record {
	t.Helper()
	list := r.take()
	if len(list) != 1 {
		t.Fatalf("%d records, want 1: %v", len(list), list)
	}
	return list[0]
}

// logged makes a loop that logs into records.
func logged(t *testing.T, config engine.Config) (*engine.Loop, *records) {
	t.Helper()
	r := &records{}
	config.Logger = slog.New(r)
	return newLoop(t, config), r
}

// stderr runs fn and returns what it wrote to standard error.
func stderr(t *testing.T, fn func()) string {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	must(t, err)
	defer f.Close()
	before := os.Stderr
	os.Stderr = f
	defer func() { os.Stderr = before }()
	fn()
	_, err = f.Seek(0, io.SeekStart)
	must(t, err)
	text, err := io.ReadAll(f)
	must(t, err)
	return string(text)
}

var errBroken = errors.New("broken")

func TestDefaultExceptionHandler(t *testing.T) {
	prove(t, "ERR-01", testErrorRecord)
	prove(t, "ERR-02", func(t *testing.T) {
		l, log := logged(t, engine.Config{})
		l.DefaultExceptionHandler(engine.ErrorContext{
			Message: "lost", SourceTraceback: "  f\n    a.go:1\n", HandleTraceback: "  g\n    b.go:2\n",
		})
		want := "lost\n" +
			"handle_traceback: Handle created at (most recent call first):\n  g\n    b.go:2\n" +
			"source_traceback: Object created at (most recent call first):\n  f\n    a.go:1"
		if r := log.one(t); r.text != want {
			t.Errorf("got %q\nwant %q", r.text, want)
		}
	})
	prove(t, "ERR-06", func(t *testing.T) {
		l, log := logged(t, engine.Config{})
		log.panics = "broken logger"
		ran := false
		out := stderr(t, func() {
			l.CallSoon(func() { l.CallExceptionHandler(engine.ErrorContext{Message: "lost", Err: errBroken}) })
			l.CallSoon(func() { ran = true })
			turn(t, l)
		})
		if !strings.Contains(out, "Exception in default exception handler") || !strings.Contains(out, "broken logger") || !ran {
			t.Errorf("the loop went on: %t; standard error has %q", ran, out)
		}
	})
}

// testErrorRecord wants one record of level ERROR, and the stack of a panic.
func testErrorRecord(t *testing.T) {
	l, log := logged(t, engine.Config{})
	l.DefaultExceptionHandler(engine.ErrorContext{
		Message: "lost", Err: errBroken, Transport: "T", Protocol: "P",
		Extra: map[string]any{"zoo": 1, "answer": 42},
	})
	r := log.one(t)
	if want := "lost\nanswer: 42\nprotocol: P\ntransport: T\nzoo: 1"; r.level != slog.LevelError || r.text != want {
		t.Errorf("level %v: %q, want ERROR: %q", r.level, r.text, want)
	}
	if r.attrs["error"] != errBroken {
		t.Errorf("attributes %v, want the error", r.attrs)
	}
	l.DefaultExceptionHandler(engine.ErrorContext{})
	if r := log.one(t); r.text != "Unhandled exception in event loop" || len(r.attrs) != 0 {
		t.Errorf("without message: %q, %v", r.text, r.attrs)
	}
	l.CallSoon(func() { panic(errBroken) })
	turn(t, l)
	r = log.one(t)
	stack, _ := r.attrs["stack"].(string)
	if !strings.HasPrefix(r.text, "Exception in callback ") || !strings.Contains(stack, "testErrorRecord") {
		t.Errorf("a panic gives %q with the stack %q", r.text, stack)
	}
	if err, _ := r.attrs["error"].(error); !errors.Is(err, errBroken) {
		t.Errorf("a panic gives the error %v", err)
	}
}

func TestExceptionHandler(t *testing.T) {
	prove(t, "ERR-03", func(t *testing.T) {
		l, log := logged(t, engine.Config{})
		if l.ExceptionHandler() != nil {
			t.Error("a new loop has a handler")
		}
		calls := 0
		l.SetExceptionHandler(func(*engine.Loop, engine.ErrorContext) { calls++ })
		if l.ExceptionHandler() == nil {
			t.Fatal("the handler is not there")
		}
		l.ExceptionHandler()(l, engine.ErrorContext{})
		l.CallExceptionHandler(engine.ErrorContext{Message: "one"})
		if n := len(log.take()); calls != 2 || n != 0 {
			t.Errorf("%d calls, %d records, want 2 and 0", calls, n)
		}
		l.SetExceptionHandler(nil)
		l.CallExceptionHandler(engine.ErrorContext{Message: "two"})
		if r := log.one(t); calls != 2 || r.text != "two" || l.ExceptionHandler() != nil {
			t.Errorf("after nil: %d calls, record %q", calls, r.text)
		}
	})
	prove(t, "ERR-04", func(t *testing.T) {
		l := newLoop(t)
		var of *engine.Loop
		var got engine.ErrorContext
		l.SetExceptionHandler(func(l *engine.Loop, c engine.ErrorContext) { of, got = l, c })
		want := engine.ErrorContext{Message: "lost", Err: errBroken, Socket: 3, Extra: map[string]any{"more": "x"}}
		l.CallExceptionHandler(want)
		if of != l || !reflect.DeepEqual(got, want) {
			t.Errorf("called with %v, %+v", of, got)
		}
	})
	prove(t, "ERR-05", testBrokenHandler)
}

func testBrokenHandler(t *testing.T) {
	l, log := logged(t, engine.Config{})
	l.SetExceptionHandler(func(*engine.Loop, engine.ErrorContext) { panic(errBroken) })
	l.CallExceptionHandler(engine.ErrorContext{Message: "lost"})
	r := log.one(t)
	first, rest, _ := strings.Cut(r.text, "\n")
	if first != "Unhandled error in exception handler" || !strings.HasPrefix(rest, "context: ") || !strings.Contains(rest, "lost") {
		t.Errorf("the record is %q", r.text)
	}
	if err, _ := r.attrs["error"].(error); !errors.Is(err, errBroken) {
		t.Errorf("the record has the error %v", err)
	}
}

func TestExceptionContext(t *testing.T) {
	prove(t, "ERR-07", func(t *testing.T) {
		l := newLoop(t)
		with := func(who string) context.Context {
			return context.WithValue(context.Background(), ctxKey("who"), who)
		}
		var seen []any
		who := func() any { return l.Context().Value(ctxKey("who")) }
		l.SetExceptionHandler(func(*engine.Loop, engine.ErrorContext) { seen = append(seen, who()) })
		h := l.CallSoonContext(with("handle"), func() { panic("lost") })
		l.CallSoonContext(with("caller"), func() {
			l.CallExceptionHandler(engine.ErrorContext{Context: with("task"), Handle: h})
			l.CallExceptionHandler(engine.ErrorContext{Handle: h})
			l.CallExceptionHandler(engine.ErrorContext{})
			seen = append(seen, who())
		})
		turn(t, l)
		if want := []any{"handle", "task", "handle", nil, "caller"}; !slices.Equal(seen, want) {
			t.Errorf("the contexts were %v, want %v", seen, want)
		}
	})
	prove(t, "ERR-08", func(t *testing.T) {
		l, log := logged(t, engine.Config{})
		l.SetExceptionHandler(func(l *engine.Loop, c engine.ErrorContext) {
			c.Message = "deferred: " + c.Message
			l.DefaultExceptionHandler(c)
		})
		l.CallExceptionHandler(engine.ErrorContext{Message: "lost"})
		if r := log.one(t); r.text != "deferred: lost" {
			t.Errorf("the record is %q", r.text)
		}
	})
	prove(t, "ERR-09", testErrorContextKeys)
}

// testErrorContextKeys finds every documented key in the default handler's
// record, and keys that nobody knows.
func testErrorContextKeys(t *testing.T) {
	l, log := logged(t, engine.Config{})
	h := l.CallSoon(func() {})
	c := engine.ErrorContext{
		Message: "lost", Err: errBroken, Handle: h,
		Future: engine.NewFuture[int](l), Task: engine.NewFuture[int](l),
		Protocol: "P", Transport: "T", Socket: "S", AsyncGen: "A",
		SourceTraceback: "s", HandleTraceback: "h", Extra: map[string]any{"unknown": "U"},
	}
	l.CallExceptionHandler(c)
	r := log.one(t)
	lines := strings.Split(r.text, "\n")
	for i, prefix := range []string{
		"lost", "asyncgen: A", "future: <Future pending>", "handle: <Handle ", "handle_traceback: ", "h",
		"protocol: P", "socket: S", "source_traceback: ", "s", "task: <Future pending>", "transport: T", "unknown: U",
	} {
		if i >= len(lines) || !strings.HasPrefix(lines[i], prefix) {
			t.Fatalf("line %d does not begin with %q in:\n%s", i, prefix, r.text)
		}
	}
	if r.attrs["error"] != errBroken {
		t.Errorf("attributes %v", r.attrs)
	}
}

func TestExceptionHandlerAndLoop(t *testing.T) {
	prove(t, "ERR-11", func(t *testing.T) {
		l := newLoop(t)
		var log journal
		l.SetExceptionHandler(func(l *engine.Loop, _ engine.ErrorContext) {
			log.add("handler")
			l.CallSoon(func() { log.add("scheduled"); l.Stop() })
		})
		l.CallSoon(func() { panic("lost") })
		l.CallSoon(log.adds("next"))
		run(t, l)
		log.want(t, "handler", "next", "scheduled")
	})
	prove(t, "ERR-12", func(t *testing.T) {
		l, logger := logged(t, engine.Config{})
		var log journal
		named := func(name string) engine.ExceptionHandler {
			return func(*engine.Loop, engine.ErrorContext) { log.add(name) }
		}
		l.SetExceptionHandler(named("first"))
		l.CallSoon(func() {
			l.CallExceptionHandler(engine.ErrorContext{})
			l.SetExceptionHandler(named("second"))
			panic("lost")
		})
		l.CallSoon(func() {
			l.SetExceptionHandler(nil)
			panic("lost")
		})
		turn(t, l)
		log.want(t, "first", "second")
		if n := len(logger.take()); n != 1 {
			t.Errorf("the default handler logged %d times, want once", n)
		}
	})
}
