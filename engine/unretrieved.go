package engine

import (
	"runtime"
	"sync"
)

// lostErrors are the errors of futures that were collected before anybody asked
// for them. The collector finds them, on a goroutine of the runtime; the loop
// reports them, or Close.
type lostErrors struct {
	mu   sync.Mutex
	list []*lostError // guarded by mu
}

// lostError is what is left of a collected future.
type lostError struct {
	loop  *Loop
	kind  string // Future or Task
	name  string // of a task
	err   error
	made  stack
	state futureState
}

// watchError begins to watch for the collection of a future whose error nobody
// has asked for. It happens on the way of an error that no task awaits, and
// nowhere else.
func (f *future) watchError() {
	e := &lostError{loop: f.loop, kind: "Future", err: f.err, made: f.made(), state: futureFinished}
	f.seldom().report = runtime.AddCleanup(f, (*lostError).found, e)
}

// retrieved notes that somebody knows of the error.
func (f *future) retrieved() {
	if f.asked {
		return
	}
	f.asked = true
	if f.rare != nil {
		f.rare.report.Stop()
	}
}

// found runs on the runtime's goroutine.
func (e *lostError) found() {
	l := e.loop
	l.lost.mu.Lock()
	l.lost.list = append(l.lost.list, e)
	l.lost.mu.Unlock()
	_ = l.r.Post(reportLost, l) // else Close reports, or has done so
}

func reportLost(arg any) { arg.(*Loop).reportLost() }

// reportLost tells the exception handler of the errors found so far.
func (l *Loop) reportLost() {
	l.lost.mu.Lock()
	list := l.lost.list
	l.lost.list = nil
	l.lost.mu.Unlock()
	for _, e := range list {
		l.CallExceptionHandler(e.context())
	}
}

// context is the report. The future itself is gone; a future in the same state
// stands for it.
func (e *lostError) context() ErrorContext {
	remains := &Future[any]{future: future{loop: e.loop, err: e.err, state: e.state, asked: true}}
	remains.seldom().made = e.made
	return ErrorContext{
		Message:         e.kind + " exception was never retrieved",
		Err:             e.err,
		Future:          remains,
		SourceTraceback: e.made.String(),
	}
}
