package engine

// Outcome is how an awaitable ended: its result, or its error, which is
// ErrCancelled for a cancellation.
type Outcome[T any] struct {
	Value T
	Err   error
}

// Gather is a future of the results of all awaitables, in their order: gather.
// The first error ends it at once, that of a cancelled one too, and the others
// go on. Cancelling it cancels all that are not done, and it ends when they
// have. One that is given twice counts once. None at all is done at once, on the
// caller's loop, and a panic with ErrNoCurrentLoop if it has none. All must belong
// to one loop, else it is done with ErrForeignLoop. Loop only.
func Gather[T any, A Awaitable[T]](as ...A) *Future[[]T] {
	return gather(as, false, func(as []A) []T {
		values := make([]T, len(as))
		for i, a := range as {
			values[i], _ = a.Result()
		}
		return values
	})
}

// GatherResults is Gather with return_exceptions: errors are results like any
// other, and it waits for all.
func GatherResults[T any, A Awaitable[T]](as ...A) *Future[[]Outcome[T]] {
	return gather(as, true, func(as []A) []Outcome[T] {
		outcomes := make([]Outcome[T], len(as))
		for i, a := range as {
			outcomes[i].Value, outcomes[i].Err = a.Result()
		}
		return outcomes
	})
}

// GatherAny is Gather for awaitables of different types.
func GatherAny(as ...AnyAwaitable) *Future[[]any] {
	return gather(as, false, func(as []AnyAwaitable) []any {
		values := make([]any, len(as))
		for i, a := range as {
			values[i] = a.boxed()
		}
		return values
	})
}

// gathering is a Gather under way.
type gathering[R any, A AnyAwaitable] struct {
	outer     *Future[R]
	parts     []A
	left      int  // parts that are not done, each counted once
	all       bool // wait for all, whatever the errors
	cancelled bool // the future was asked to be cancelled
	results   func([]A) R
}

func gather[R any, A AnyAwaitable](parts []A, all bool, results func([]A) R) *Future[R] {
	l, err := commonLoop(parts)
	if l == nil {
		panic(err)
	}
	g := &gathering[R, A]{outer: NewFuture[R](l), parts: parts, all: all, results: results}
	switch {
	case err != nil:
		g.outer.state, g.outer.err = futureFinished, err
	case len(parts) == 0:
		g.outer.settle(results(parts), nil)
	default:
		g.outer.seldom().cancel = g.cancel
		g.begin()
	}
	return g.outer
}

// commonLoop is the loop of all parts, the caller's for none.
func commonLoop[A AnyAwaitable](parts []A) (*Loop, error) {
	if len(parts) == 0 {
		return CurrentLoop()
	}
	l := parts[0].Loop()
	for _, p := range parts {
		if p.Loop() != l {
			return l, ErrForeignLoop
		}
	}
	return l, nil
}

// begin counts all parts before it looks at those that are done.
func (g *gathering[R, A]) begin() {
	var done []*future
	ended := func(arg any) { g.ended(arg.(*future)) }
	calls := make([]doneCall, len(g.parts))
	seen := make(map[*future]bool, len(g.parts))
	for i, p := range g.parts {
		f := p.core()
		if seen[f] {
			continue
		}
		seen[f] = true
		if f.Done() {
			done = append(done, f)
			continue
		}
		calls[i] = doneCall{ended, f}
		_ = f.whenDone(&calls[i]) // is pending
	}
	g.left = len(seen)
	for _, f := range done {
		g.ended(f)
	}
}

// ended is called for each part that is done.
func (g *gathering[R, A]) ended(f *future) {
	g.left--
	f.retrieved()
	switch {
	case g.outer.Done():
	case f.err != nil && !g.all:
		_ = g.outer.fail(f.err) // nobody to tell, on a closed loop
	case g.left > 0:
	case g.cancelled:
		_ = g.outer.fail(cancellationBy(f)) // likewise
	default:
		g.outer.settle(g.results(g.parts), nil)
	}
}

// cancellationBy is f's cancellation, or one for a part that had a result.
func cancellationBy(f *future) error {
	if f.Cancelled() {
		return f.err
	}
	return ErrCancelled
}

// cancel passes a request on.
func (g *gathering[R, A]) cancel(cause error) (taken bool) {
	for _, p := range g.parts {
		if p.Cancel(cause) {
			g.cancelled, taken = true, true
		}
	}
	return taken
}
