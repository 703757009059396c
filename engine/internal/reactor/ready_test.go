package reactor

import (
	"slices"
	"testing"
)

// TestReadyAgainstSlice schedules at random, from outside, from callbacks and as
// mail, mostly few and now and then several chunks, and compares each batch with
// what was scheduled before it.
func TestReadyAgainstSlice(t *testing.T) {
	rng := newRand(t)
	q := newReady()
	var want, got []int
	next := 0
	var record func(any)
	push := func(n int) {
		for range n {
			q.push(record, next)
			want, next = append(want, next), next+1
		}
	}
	mail := func(n int) {
		var calls []call
		for range n {
			calls = append(calls, call{record, next})
			want, next = append(want, next), next+1
		}
		q.pushAll(calls)
	}
	record = func(arg any) {
		got = append(got, arg.(int))
		if rng.IntN(3) == 0 {
			push(rng.IntN(4))
		}
	}
	for range 3000 {
		switch rng.IntN(30) {
		case 0:
			push(rng.IntN(5 * chunkSize))
		case 1:
			mail(rng.IntN(5 * chunkSize))
		case 2:
			push(chunkSize)
		default:
			push(rng.IntN(5))
			mail(rng.IntN(2))
		}
		batch := want
		want, got = nil, nil
		if q.waiting() != (len(batch) > 0) {
			t.Fatalf("waiting is %t with %d callbacks scheduled", q.waiting(), len(batch))
		}
		if n := q.turn(); n != len(batch) {
			t.Fatalf("a batch of %d, want %d", n, len(batch))
		}
		if q.run(); !slices.Equal(got, batch) {
			t.Fatalf("ran %v, want %v", got, batch)
		}
	}
}

// TestReadyAfterPanic: the rest of a batch runs behind a callback that panics,
// and before what was scheduled meanwhile.
func TestReadyAfterPanic(t *testing.T) {
	q := newReady()
	var got []string
	say := func(name any) { got = append(got, name.(string)) }
	q.push(say, "a")
	q.push(func(any) {
		q.push(say, "later")
		panic("on purpose")
	}, nil)
	q.push(say, "b")
	q.turn()
	func() {
		defer func() { _ = recover() }()
		q.run()
	}()
	q.run()
	q.turn()
	q.run()
	if want := []string{"a", "b", "later"}; !slices.Equal(got, want) {
		t.Errorf("ran %v, want %v", got, want)
	}
}

// TestReadyPanicsInChunks: the chunks behind a panic run too, once and in order.
func TestReadyPanicsInChunks(t *testing.T) {
	const calls, every = 3*chunkSize + 7, 100
	q := newReady()
	var got []int
	for i := range calls {
		q.push(func(any) {
			got = append(got, i)
			if i%every == 0 {
				panic("on purpose")
			}
		}, nil)
	}
	q.turn()
	for runs := 1; ; runs++ {
		func() {
			defer func() { _ = recover() }()
			q.run()
		}()
		if runs == calls/every+2 {
			break
		}
	}
	if len(got) != calls || !slices.IsSorted(got) {
		t.Errorf("ran %d of %d callbacks, sorted: %t", len(got), calls, slices.IsSorted(got))
	}
}

// TestReadyNext: a callback sees the argument of the next one, but for the end of a
// chunk, and may take it from the turn. What comes behind the turn is not next.
func TestReadyNext(t *testing.T) {
	for _, calls := range []int{1, 2, chunkSize - 1, chunkSize, chunkSize + 1, 3*chunkSize + 5} {
		q := newReady()
		var got, want []int
		var next func(any)
		next = func(arg any) {
			i := arg.(int)
			got = append(got, i)
			q.push(next, -1)
			after := any(i + 1)
			if (i+1)%chunkSize == 0 || i+1 == calls {
				after = nil
			}
			if next := q.nextArg(); next != after {
				t.Errorf("%d of %d: the next one is %v, want %v", i, calls, next, after)
			}
			if after != nil && i%3 == 1 {
				q.skip()
			}
		}
		for i := range calls {
			q.push(next, i)
			if skipped := i%3 == 2 && i%chunkSize != 0; !skipped {
				want = append(want, i)
			}
		}
		q.turn()
		if q.run(); !slices.Equal(got, want) {
			t.Errorf("ran %v, want %v", got, want)
		}
	}
}

// everything is all memory of a queue.
func everything(q *ready) []*chunk {
	all := []*chunk{q.next, q.batch}
	return slices.Concat(all, q.full[:cap(q.full)], q.rest[:cap(q.rest)], q.spare[:cap(q.spare)])
}

// TestReadyKeepsNothing: a callback that has begun is not kept alive.
func TestReadyKeepsNothing(t *testing.T) {
	q := newReady()
	kept := func() (n int) {
		for _, c := range everything(&q) {
			if c != nil {
				n += held(c[:])
			}
		}
		return n
	}
	for _, size := range []int{100, 100, 3 * chunkSize, 2*chunkSize + 1, 100} {
		for range size {
			q.push(nop, new(int))
		}
		q.push(func(any) {
			if n := kept(); n != 0 {
				t.Errorf("%d callbacks are held while the last one of %d runs", n, size)
			}
		}, nil)
		q.turn()
		q.run()
	}
	if n := kept(); n != 0 {
		t.Errorf("an empty queue holds %d callbacks", n)
	}
}

// TestReadyUsesMemoryAgain: a burst takes the chunks of the one before, from the
// end, and a large one leaves as many as are allowed.
func TestReadyUsesMemoryAgain(t *testing.T) {
	q := newReady()
	burst := func(chunks int) {
		for range chunks * chunkSize {
			q.push(nop, nil)
		}
		q.turn()
		q.run()
	}
	burst(10)
	for range chunkSize {
		q.push(nop, nil)
	}
	last := q.spare[len(q.spare)-1]
	if q.push(nop, nil); q.next != last {
		t.Error("the chunk that has run last is not filled first")
	}
	q.turn()
	q.run()
	if n := testing.AllocsPerRun(10, func() { burst(9) }); n != 0 {
		t.Errorf("%v allocations in a burst like the one before", n)
	}
	burst(2 * spareChunks)
	if len(q.spare) != spareChunks {
		t.Errorf("%d chunks are kept, want %d", len(q.spare), spareChunks)
	}
	for _, c := range slices.Concat(q.rest[:cap(q.rest)], q.full[:cap(q.full)]) {
		if c != nil {
			t.Fatal("a chunk is kept beside those")
		}
	}
}

func held(calls []call) (n int) {
	for _, c := range calls {
		if c.fn != nil || c.arg != nil {
			n++
		}
	}
	return n
}
