package engine

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// Run runs the loops, and main as a task of the first one, as engine.Run does:
// asyncio.run for several loops. When main has returned, or was cancelled by the
// end of ctx or by SIGINT, all loops are ended as at the end of engine.Run, and
// the group is closed. What ended other loops before is joined to the error. It
// fails with ErrLoopRunning where a loop runs already, with an *ArgError for a nil
// main, and when the group was started or closed before.
func (g *Group) Run(ctx context.Context, main func(ctx context.Context) error) (err error) {
	if err := checkFunc(main == nil); err != nil {
		return err
	}
	if _, err := RunningLoop(); err == nil {
		return ErrLoopRunning
	}
	if _, err := g.launch(1); err != nil {
		return err // those of single loops are told by end
	}
	defer func() { err = errors.Join(err, g.end()) }() // also when the first loop dies
	defer g.runs.Done()
	return g.runMain(ctx, main)
}

// runMain runs the first loop for main.
func (g *Group) runMain(ctx context.Context, main func(ctx context.Context) error) error {
	l := g.loops[0]
	SetEventLoop(l)
	defer SetEventLoop(nil)
	_, err := runMain(ctx, l, func(ctx context.Context) (struct{}, error) { return nothing(main(ctx)) })
	return err
}

// Shutdown ends the group: it shuts its servers down, see GroupServer.Shutdown,
// until ctx ends, and ends the loops as at the end of engine.Run. It returns the
// counts of all servers together, the cause of ctx if connections had to be aborted
// for that, and what has ended loops before. A second call waits for the end of the
// first. It must not be called on a loop, which the group may have to wait for:
// ErrNotInTask.
func (g *Group) Shutdown(ctx context.Context) (ShutdownStats, error) {
	if err := mayBlock(); err != nil {
		return ShutdownStats{}, err
	}
	servers := g.ending()
	counts, errs := make([]ShutdownStats, len(servers)), make([]error, len(servers))
	var each sync.WaitGroup
	for i, s := range servers {
		each.Go(func() { counts[i], errs[i] = s.Shutdown(ctx) })
	}
	each.Wait()
	return total(counts), errors.Join(errors.Join(errs...), g.end())
}

// ending takes the step to ending, and returns the servers that there are.
func (g *Group) ending() []*GroupServer {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.state == groupRunning {
		g.state = groupEnding
	}
	return slices.Clone(g.servers)
}

// end stops the loops, lets their tasks come to an end, and closes them. Whoever
// is not the first waits for that.
func (g *Group) end() error {
	if !g.stop() {
		<-g.over
		return nil
	}
	defer close(g.over)
	g.runs.Wait()
	g.mu.Lock()
	told, ended := slices.Clone(g.errs), slices.Clone(g.ended)
	g.mu.Unlock()
	errs := make([]error, len(g.loops))
	var each sync.WaitGroup
	for i, l := range g.loops {
		if !ended[i] {
			errs[i] = ErrLoopDied // unless what follows returns
			each.Go(func() { errs[i] = l.finish() })
		}
	}
	each.Wait()
	return errors.Join(append(told, errs...)...)
}

// stop takes the step to closed, and reports whether it is the first.
func (g *Group) stop() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	before := g.state
	g.state = groupClosed
	for i, l := range g.loops {
		if (before == groupRunning || before == groupEnding) && !g.ended[i] {
			l.Stop()
		}
	}
	return before != groupClosed
}

// finish is shutdown for a loop that somebody may have stopped once too often, or
// stops while it ends, and closes the loop also if a callback ends the goroutine.
func (l *Loop) finish() (err error) {
	defer func() { err = errors.Join(err, l.Close()) }()
	l.Stop()
	_ = l.r.Run() // one turn; what is wrong windUp tells
	err = l.windUp()
	for errors.Is(err, ErrStoppedBeforeDone) {
		err = l.windUp()
	}
	return err
}
