package gid

import (
	"fmt"
	"iter"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// identity is what a goroutine says of itself.
type identity struct {
	current ID
	number  uint64
}

func here() identity { return identity{Current(), Number()} }

// elsewhere calls f on a goroutine of its own and waits for it.
func elsewhere(f func()) {
	var wg sync.WaitGroup
	wg.Go(f)
	wg.Wait()
}

func TestNeverZero(t *testing.T) {
	if id := here(); id.current == 0 || id.number == 0 {
		t.Fatalf("got %+v", id)
	}
}

func TestLiveGoroutinesDiffer(t *testing.T) {
	const n = 100
	var (
		mu       sync.Mutex
		currents = map[ID]bool{}
		numbers  = map[uint64]bool{}
		all, wg  sync.WaitGroup
	)
	all.Add(n)
	for range n {
		wg.Go(func() {
			id := here()
			mu.Lock()
			currents[id.current], numbers[id.number] = true, true
			mu.Unlock()
			all.Done()
			all.Wait() // all of them are alive until the last has told
		})
	}
	wg.Wait()
	if len(currents) != n || len(numbers) != n {
		t.Fatalf("%d goroutines have %d identities and %d numbers", n, len(currents), len(numbers))
	}
}

func TestNumbersAreNotReused(t *testing.T) {
	seen := map[uint64]bool{}
	for range 1000 {
		elsewhere(func() { seen[Number()] = true })
	}
	if len(seen) != 1000 {
		t.Fatalf("1000 goroutines had %d numbers", len(seen))
	}
}

func TestSameInNestedCalls(t *testing.T) {
	want := here()
	func() {
		defer func() {
			if recover(); here() != want {
				t.Error("differs in a deferred call of a panic")
			}
		}()
		if here() != want {
			t.Error("differs in a nested call")
		}
		panic("on purpose")
	}()
}

// grow uses about 1 KiB of stack a level, so that a deep call moves the stack.
func grow(depth int) (identity, byte) {
	var pad [1024]byte
	pad[depth%len(pad)] = byte(depth)
	if depth == 0 {
		return here(), pad[0]
	}
	id, b := grow(depth - 1)
	return id, b + pad[depth%len(pad)]
}

func TestSurvivesStackGrowthAndCollection(t *testing.T) {
	elsewhere(func() {
		want := here()
		if got, _ := grow(4000); got != want {
			t.Errorf("after the stack grew: %+v, before: %+v", got, want)
		}
		runtime.GC()
		runtime.GC()
		runtime.Gosched()
		if got := here(); got != want {
			t.Errorf("after a collection: %+v, before: %+v", got, want)
		}
	})
}

func TestLockedThread(t *testing.T) {
	elsewhere(func() {
		want := here()
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if got := here(); got != want {
			t.Errorf("locked: %+v, before: %+v", got, want)
		}
	})
}

func TestCoroutineDiffersFromItsCaller(t *testing.T) {
	next, stop := iter.Pull(func(yield func(identity) bool) {
		for yield(here()) {
		}
	})
	defer stop()
	caller := here()
	first, _ := next()
	second, _ := next()
	if first.current == caller.current || first.number == caller.number {
		t.Errorf("coroutine %+v, caller %+v", first, caller)
	}
	if first != second {
		t.Errorf("first resumption %+v, second %+v", first, second)
	}
	elsewhere(func() {
		if third, _ := next(); third != first {
			t.Errorf("resumed elsewhere %+v, before %+v", third, first)
		}
	})
}

func TestParseHeader(t *testing.T) {
	for _, c := range []struct {
		in   string
		want uint64
	}{
		{"goroutine 1 [running]:\n", 1},
		{"goroutine 987654321 [chan receive, 3 minutes]:", 987654321},
		{"goroutine 18446744073709551615 [", 18446744073709551615},
		{"goroutine 7 gp=0xc000002380 m=0 mp=0x5 [running]:", 7},
		{"goroutine 18446744073709551616 [", 0},
		{"goroutine 99999999999999999999999 [", 0},
		{"goroutine 0 [idle]:", 0},
		{"goroutine 12", 0},
		{"goroutine  [", 0},
		{"goroutine", 0},
		{"goroutine -1 [", 0},
		{"goroutine 1x [", 0},
		{"thread 1 [", 0},
		{"", 0},
	} {
		got, ok := parseHeader([]byte(c.in))
		if got != c.want && c.want != 0 || ok != (c.want != 0) {
			t.Errorf("parseHeader(%q) = %d, %t, want %d", c.in, got, ok, c.want)
		}
	}
}

func FuzzParseHeader(f *testing.F) {
	f.Add("goroutine 1 [running]:")
	f.Add("goroutine 18446744073709551616 [")
	f.Fuzz(func(t *testing.T, s string) {
		n, ok := parseHeader([]byte(s))
		if !ok {
			return
		}
		digits, _, _ := strings.Cut(strings.TrimPrefix(s, "goroutine "), " ")
		if got := fmt.Sprint(n); got != strings.TrimLeft(digits, "0") {
			t.Fatalf("%q gives %s", s, got)
		}
	})
}

var sink ID

func BenchmarkCurrent(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		sink = Current()
	}
}

func BenchmarkNumber(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		sink = ID(Number())
	}
}
