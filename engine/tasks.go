package engine

import (
	"context"
	"slices"
	"sync"
)

// taskList are the tasks of a loop that are not done. The loop changes it; other
// goroutines may ask.
type taskList struct {
	mu   sync.Mutex
	list []*task // guarded by mu; each knows its place

	last uint32 // how many there have been, modulo 2^32
}

// order is the place of a new task among all there have been.
func (ts *taskList) order() uint32 {
	ts.last++
	return ts.last
}

// older compares by the time of making, also across the end of the numbers.
func older(a, b *task) int { return int(int32(a.order - b.order)) }

func (ts *taskList) add(t *task) {
	ts.mu.Lock()
	t.place = int32(len(ts.list))
	ts.list = append(ts.list, t)
	ts.mu.Unlock()
}

func (ts *taskList) remove(t *task) {
	ts.mu.Lock()
	last := len(ts.list) - 1
	moved := ts.list[last]
	ts.list[t.place], moved.place = moved, t.place
	ts.list[last] = nil
	ts.list = ts.list[:last]
	ts.mu.Unlock()
}

// sorted are the tasks in the order they were made. They are seen before they can
// be over, so that none of them is used again.
func (ts *taskList) sorted() []*task {
	ts.mu.Lock()
	list := slices.Clone(ts.list)
	for _, t := range list {
		t.seen.Store(true)
	}
	ts.mu.Unlock()
	slices.SortFunc(list, older)
	return list
}

// AllTasks are the loop's tasks that are not done, in the order they were made:
// all_tasks. Any goroutine.
func AllTasks(l *Loop) (out []AnyTask) {
	for _, t := range l.tasks.sorted() {
		out = append(out, t.job.any())
	}
	return out
}

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
	for _, t := range l.tasks.sorted() {
		t.unwound = true
		t.end(ErrLoopClosed)
	}
	slices.SortFunc(l.unwound, func(a, b AnyTask) int { return older(a.untyped(), b.untyped()) })
	for _, t := range l.unwound {
		l.CallExceptionHandler(ErrorContext{
			Message:         "Task was destroyed but it is pending!",
			Task:            t,
			SourceTraceback: t.core().made().String(),
		})
	}
	l.unwound = nil
}
