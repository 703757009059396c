package engine

import (
	"context"
	"sync"
)

// taskList are the tasks of a loop that are not done, in the order they were
// made. The loop changes it; other goroutines may ask.
type taskList struct {
	mu          sync.Mutex
	first, last *task // guarded by mu
}

func (ts *taskList) add(t *task) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	t.prev, t.succ = ts.last, nil
	if ts.last == nil {
		ts.first = t
	} else {
		ts.last.succ = t
	}
	ts.last = t
}

func (ts *taskList) remove(t *task) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if t.prev == nil {
		ts.first = t.succ
	} else {
		t.prev.succ = t.succ
	}
	if t.succ == nil {
		ts.last = t.prev
	} else {
		t.succ.prev = t.prev
	}
	t.prev, t.succ = nil, nil
}

// all are the tasks, each of which somebody has now seen.
func (ts *taskList) all() (out []AnyTask) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	for t := ts.first; t != nil; t = t.succ {
		t.seen.Store(true)
		out = append(out, t.job.any())
	}
	return out
}

// AllTasks are the loop's tasks that are not done, in the order they were made:
// all_tasks. Any goroutine.
func AllTasks(l *Loop) []AnyTask { return l.tasks.all() }

// CurrentTask is the task that ctx names, nil if it names none: current_task.
// Any goroutine.
func CurrentTask(ctx context.Context) AnyTask {
	t := taskOf(ctx)
	if t == nil {
		return nil
	}
	t.seen.Store(true)
	return t.job.any()
}

// dropTasks reports the tasks that the loop's end has left pending. Those whose
// coroutine had begun have seen ErrLoopClosed and are over; the others never
// ran.
func (l *Loop) dropTasks() {
	for t := l.tasks.first; t != nil; t = l.tasks.first {
		t.unwound = true
		t.end(ErrLoopClosed)
	}
	for _, t := range l.unwound {
		l.CallExceptionHandler(ErrorContext{
			Message:         "Task was destroyed but it is pending!",
			Task:            t,
			SourceTraceback: t.core().made().String(),
		})
	}
	l.unwound = nil
}
