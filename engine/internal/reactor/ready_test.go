package reactor

import (
	"slices"
	"testing"
)

// TestReadyAgainstSlice schedules at random, from outside and from callbacks,
// and compares each batch with what was scheduled before it.
func TestReadyAgainstSlice(t *testing.T) {
	rng := newRand(t)
	var q ready
	var want, got []int
	next := 0
	var record func(any)
	push := func(n int) {
		for range n {
			q.push(record, next)
			want, next = append(want, next), next+1
		}
	}
	record = func(arg any) {
		got = append(got, arg.(int))
		if rng.IntN(3) == 0 {
			push(rng.IntN(4))
		}
	}
	for range 5000 {
		push(rng.IntN(5))
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
	var q ready
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

// TestReadyKeepsNothing: a callback that has begun is not kept alive.
func TestReadyKeepsNothing(t *testing.T) {
	var q ready
	for range 3 {
		for range 100 {
			q.push(nop, new(int))
		}
		q.push(func(any) {
			if n := held(q.batch); n != 0 {
				t.Errorf("%d callbacks are held while the last one runs", n)
			}
		}, nil)
		q.turn()
		q.run()
	}
	if n := held(q.batch) + held(q.next[:cap(q.next)]); n != 0 {
		t.Errorf("an empty queue holds %d callbacks", n)
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
