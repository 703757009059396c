//go:build unix

package engine_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// streamLoad are coroutine streams between the loops of a group. Each client tells
// how much it sends by which seed, the server answers with the tally of what has come
// and sends as much back, and both ends compare all of it.
type streamLoad struct {
	t      *testing.T
	seed   uint64
	bytes  int // most of one message
	served atomic.Int64
}

// TestStreamsOfAGroup: each loop of two serves the other one.
func TestStreamsOfAGroup(t *testing.T) {
	g := startGroup(t, 2)
	loops := g.Loops()
	x := &streamLoad{t: t, seed: seeded(t).Uint64(), bytes: scaled(1<<20, 1<<18)}
	const clients, messages = 12, 4
	var ports [2]int
	for i, l := range loops {
		s, err := engine.StartServer(t.Context(), l, x.serve, local(engine.ServerOptions{}), engine.StreamOptions{})
		must(t, err)
		endServer(t, l, s)
		ports[i] = portOf(address(t, l, s))
	}
	_, err := engine.GatherEach(t.Context(), g, func(ctx context.Context, l *engine.Loop) (struct{}, error) {
		port := ports[0]
		if l == loops[0] {
			port = ports[1]
		}
		var all []*engine.Task[int]
		for i := range clients {
			all = append(all, newTask(l, func(ctx context.Context) error { return x.ask(ctx, l, port, uint64(i), messages) }))
		}
		_, err := engine.Await(ctx, engine.Gather[int](all...))
		return struct{}{}, err
	})
	must(t, err)
	isEqual(t, "messages served", x.served.Load(), 2*clients*messages)
	for _, l := range loops {
		until(t, l, func() bool { return len(engine.AllTasks(l)) == 0 })
		until(t, l, func() bool { return l.Stats().Connections == 0 })
		onLoop(t, l, func() { isEqual(t, "memory of readers", l.StreamBlocks(), 0) })
	}
}

// serve is one connection, up to the client's end.
func (x *streamLoad) serve(ctx context.Context, r *engine.StreamReader, w *engine.StreamWriter) error {
	for {
		line, err := r.ReadLine(ctx)
		if err == io.EOF {
			break
		}
		var n int
		var seed uint64
		if _, err := fmt.Sscanf(string(line), "%d %d\n", &n, &seed); err != nil {
			return fmt.Errorf("the line %q: %w", line, err)
		}
		got, err := receives(ctx, r, n, seed)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "%d %d\n", got.n, got.hash); err != nil {
			return err
		}
		if err := sends(ctx, w, n, seed+1); err != nil {
			return err
		}
		x.served.Add(1)
	}
	w.Close()
	return w.WaitClosed(ctx)
}

// ask is one client.
func (x *streamLoad) ask(ctx context.Context, l *engine.Loop, port int, number uint64, messages int) error {
	r, w, err := engine.OpenConnection(ctx, l, engine.ConnectOptions{Host: "127.0.0.1", Port: port}, engine.StreamOptions{Limit: 1 << (10 + number)})
	if err != nil {
		return err
	}
	rnd := rand.New(rand.NewPCG(x.seed, number))
	for range messages {
		if err := x.message(ctx, r, w, rnd.IntN(x.bytes), rnd.Uint64()); err != nil {
			return err
		}
	}
	return x.hangsUp(ctx, r, w)
}

// hangsUp ends both directions, one after the other.
func (x *streamLoad) hangsUp(ctx context.Context, r *engine.StreamReader, w *engine.StreamWriter) error {
	if err := w.WriteEOF(); err != nil {
		return err
	}
	_, err := r.Read(ctx, 1)
	wantErr(x.t, "the server's end", err, io.EOF)
	w.Close()
	return w.WaitClosed(ctx)
}

// message sends one message and wants its answer.
func (x *streamLoad) message(ctx context.Context, r *engine.StreamReader, w *engine.StreamWriter, n int, seed uint64) error {
	if _, err := fmt.Fprintf(w, "%d %d\n", n, seed); err != nil {
		return err
	}
	if err := sends(ctx, w, n, seed); err != nil {
		return err
	}
	line, err := r.ReadLine(ctx)
	if err != nil {
		return err
	}
	want := tallyOf(newSource(seed).next(n))
	isEqual(x.t, "the server has", string(line), fmt.Sprintf("%d %d\n", want.n, want.hash))
	_, err = receives(ctx, r, n, seed+1)
	return err
}

// sends writes n bytes of a seed in pieces, and drains behind each.
func sends(ctx context.Context, w *engine.StreamWriter, n int, seed uint64) error {
	all, rnd := newSource(seed).next(n), rand.New(rand.NewPCG(seed, 1))
	for len(all) > 0 {
		k := min(1+rnd.IntN(100_000), len(all))
		if _, err := w.Write(all[:k]); err != nil {
			return err
		}
		if err := w.Drain(ctx); err != nil {
			return err
		}
		all = all[k:]
	}
	return nil
}

// receives reads n bytes in pieces, which must be those of the seed.
func receives(ctx context.Context, r *engine.StreamReader, n int, seed uint64) (got tally, err error) {
	rnd := rand.New(rand.NewPCG(seed, 2))
	for got.n < n {
		p, err := r.ReadExactly(ctx, min(1+rnd.IntN(200_000), n-got.n))
		if err != nil {
			return got, err
		}
		got.add(p)
	}
	if want := tallyOf(newSource(seed).next(n)); got != want {
		return got, fmt.Errorf("%v has come, want %v", got, want)
	}
	return got, nil
}
