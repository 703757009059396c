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
	loop *Loop
	err  error
	made stack
	task string // name of a task; empty for a future
}

// watchError begins to watch for the collection of a future whose error nobody
// has asked for; task is the name if it is a task. It happens on the way of an
// error that no task awaits, and nowhere else.
func (f *future) watchError(task string) {
	e := &lostError{loop: f.loop, err: f.err, made: f.made(), task: task}
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

// context is the report.
func (e *lostError) context() ErrorContext {
	kind, remains := e.remains()
	return ErrorContext{
		Message:         kind + " exception was never retrieved",
		Err:             e.err,
		Future:          remains,
		SourceTraceback: e.made.String(),
	}
}

// remains stand for the future or task, which is gone: one in the same state.
func (e *lostError) remains() (kind string, _ AnyAwaitable) {
	core := future{loop: e.loop, err: e.err, state: futureFinished, asked: true, rare: &rarely{made: e.made, name: e.task}}
	if e.task == "" {
		return "Future", &Future[any]{future: core}
	}
	x := &typedTask[any]{}
	x.face = Task[any]{&x.state}
	x.state.future, x.state.job = core, x
	return "Task", &x.face
}
