package engine_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// errEnough is why the tests here cancel a task.
var errEnough = errors.New("enough")

// onOthers calls fn with a task's ctx where libraries run: on an executor, which
// the task awaits, and on a goroutine, while the task sleeps. As soon as begun
// tells that fn waits, the task is cancelled; fn has to end then.
func onOthers(t *testing.T, begun chan struct{}, fn func(ctx context.Context) error) {
	t.Helper()
	for name, call := range map[string]func(context.Context, *engine.Loop, func() (int, error)) error{
		"executor": func(ctx context.Context, l *engine.Loop, job func() (int, error)) error {
			_, err := engine.Await(ctx, engine.RunInExecutor(l, nil, job))
			return err
		},
		"goroutine": func(ctx context.Context, _ *engine.Loop, job func() (int, error)) error {
			go func() { _, _ = job() }()
			return engine.Sleep(ctx, time.Hour)
		},
	} {
		t.Run(name, func(t *testing.T) {
			l, ended := newLoop(t), make(chan error, 1)
			task := engine.CreateTask(l, func(ctx context.Context) (int, error) {
				return 0, call(ctx, l, func() (int, error) { ended <- fn(ctx); return 0, nil })
			}, engine.TaskOptions{})
			go func() { <-begun; _, _ = l.CallSoonThreadsafe(func() { task.Cancel(errEnough) }) }()
			_, err := engine.RunUntilDone(l, task)
			wantErr(t, "the task", err, engine.ErrCancelled)
			wantErr(t, "the task", err, errEnough)
			wantErr(t, "the library", <-ended, context.Canceled)
		})
	}
}

// TestTaskLibrariesHTTP: cancelling a task aborts the request that was made with
// its ctx, on both sides.
func TestTaskLibrariesHTTP(t *testing.T) {
	begun, aborted := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		begun <- struct{}{}
		<-r.Context().Done()
		aborted <- struct{}{}
	}))
	defer server.Close()
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	onOthers(t, begun, func(ctx context.Context) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
		must(t, err)
		response, err := client.Do(r)
		if err == nil {
			response.Body.Close()
		}
		<-aborted
		return err
	})
}

// TestTaskLibrariesHTTPAnswer: a request with a task's ctx that nobody cancels
// is answered, and the ctx carries its values.
func TestTaskLibrariesHTTPAnswer(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	defer server.Close()
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	l := newLoop(t)
	inTaskOf(t, l, func(ctx context.Context) {
		code, err := engine.Await(ctx, engine.RunInExecutor(l, nil, func() (int, error) {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
			must(t, err)
			response, err := client.Do(r)
			if err != nil {
				return 0, err
			}
			return response.StatusCode, response.Body.Close()
		}))
		if code != http.StatusTeapot || err != nil {
			t.Errorf("the answer is %d, %v", code, err)
		}
	})
}

// slowDriver is a database whose queries take until their ctx ends.
type slowDriver struct{ begun chan struct{} }

func (d slowDriver) Connect(context.Context) (driver.Conn, error) { return d, nil }

func (d slowDriver) Driver() driver.Driver { return d }

func (d slowDriver) Open(string) (driver.Conn, error) { return d, nil }

func (d slowDriver) Prepare(string) (driver.Stmt, error) { return nil, errors.ErrUnsupported }

func (d slowDriver) Begin() (driver.Tx, error) { return d, nil }

func (d slowDriver) Close() error { return nil }

func (d slowDriver) Commit() error { return nil }

func (d slowDriver) Rollback() error { return nil }

// QueryContext waits for the end of ctx.
func (d slowDriver) QueryContext(ctx context.Context, _ string, _ []driver.NamedValue) (driver.Rows, error) {
	d.begun <- struct{}{}
	<-ctx.Done()
	return nil, ctx.Err()
}

// TestTaskLibrariesSQL: cancelling a task ends the query that was made with its
// ctx, and the transaction around it.
func TestTaskLibrariesSQL(t *testing.T) {
	begun := make(chan struct{})
	db := sql.OpenDB(slowDriver{begun})
	defer db.Close()
	onOthers(t, begun, func(ctx context.Context) error {
		_, err := db.QueryContext(ctx, "plain")
		return err
	})
	onOthers(t, begun, func(ctx context.Context) error {
		tx, err := db.BeginTx(ctx, nil)
		must(t, err)
		_, err = tx.QueryContext(ctx, "in a transaction")
		_ = tx.Rollback() // the end of ctx may have been faster
		return err
	})
}

// TestTaskLibrariesContext: package context works on a task's ctx as on any.
func TestTaskLibrariesContext(t *testing.T) {
	type key struct{}
	l := newLoop(t)
	called := make(chan struct{}, 2)
	var ctxs []context.Context
	var stopped bool
	base := context.WithValue(nobodysCtx, key{}, "base")
	task := engine.CreateTask(l, func(ctx context.Context) (int, error) {
		below, cancel := context.WithCancel(ctx)
		ended, end := context.WithCancelCause(ctx)
		end(errBroken)
		if ctx.Err() != nil || context.Cause(ended) != errBroken {
			t.Errorf("the end of a derived ctx, %v, is that of the task's, %v", context.Cause(ended), ctx.Err())
		}
		value := context.WithValue(below, key{}, "mine")
		if ctx.Value(key{}) != "base" || value.Value(key{}) != "mine" || engine.CurrentTask(value) == nil {
			t.Errorf("the values are %v and %v", ctx.Value(key{}), value.Value(key{}))
		}
		context.AfterFunc(ctx, func() { called <- struct{}{} })
		stopped = context.AfterFunc(ctx, func() { called <- struct{}{} })()
		ctxs = []context.Context{ctx, below, value}
		_ = cancel // the end of ctx ends it
		return 0, engine.Sleep(value, time.Hour)
	}, engine.TaskOptions{Context: base})
	turn(t, l)
	task.Cancel(errEnough)
	<-called
	for i, ctx := range ctxs {
		wantErr(t, "Err", ctx.Err(), context.Canceled)
		if cause := context.Cause(ctx); !errors.Is(cause, engine.ErrCancelled) || !errors.Is(cause, errEnough) {
			t.Errorf("the cause of number %d is %v", i, cause)
		}
	}
	_, err := engine.RunUntilDone(l, task)
	if wantErr(t, "Sleep", err, errEnough); !stopped || len(called) != 0 {
		t.Errorf("stopped %t, called %d times more", stopped, len(called))
	}
}

// TestTaskLibrariesNoGoroutines: no goroutine watches a task's ctx, or one that
// Timeout or a generator made of it, for those derived from it.
func TestTaskLibrariesNoGoroutines(t *testing.T) {
	l := newLoop(t)
	inTaskOf(t, l, func(ctx context.Context) {
		limited, stop := engine.Timeout(ctx, time.Hour)
		defer stop()
		wantNoGoroutines(t, "the task's", ctx)
		wantNoGoroutines(t, "Timeout's", limited)
		g := engine.NewAsyncGen(l, func(ctx context.Context, yield func(int) bool) error {
			wantNoGoroutines(t, "the generator's", ctx)
			return nil
		})
		for _, err := range g.All(ctx) {
			must(t, err)
		}
	})
}

func wantNoGoroutines(t *testing.T, name string, ctx context.Context) {
	t.Helper()
	before := runtime.NumGoroutine()
	for range 100 {
		below, cancel := context.WithCancel(ctx)
		defer cancel()
		above, stop := context.WithTimeout(context.WithValue(below, &name, 1), time.Hour)
		defer stop()
		defer context.AfterFunc(above, func() {})()
		_ = above.Done()
	}
	if n := runtime.NumGoroutine(); n > before+50 {
		t.Errorf("%s ctx: %d goroutines, %d before", name, n, before)
	}
}
