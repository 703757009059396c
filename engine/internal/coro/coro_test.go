package coro

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/shardloop/shardloop/internal/gid"
)

// owned calls fn as the owner of a pool, on a goroutine of its own, and closes
// the pool. A Goexit that Close passes on ends that goroutine alone.
func owned(locked bool, fn func(p *Pool)) {
	over := make(chan struct{})
	go func() {
		defer close(over)
		if locked {
			runtime.LockOSThread()
		}
		p := &Pool{Locked: locked}
		defer p.Close()
		fn(p)
	}()
	<-over
}

// onBoth is a subtest for a pool of each kind.
func onBoth(t *testing.T, fn func(t *testing.T, p *Pool)) {
	for name, locked := range map[string]bool{"free": false, "locked": true} {
		t.Run(name, func(t *testing.T) {
			over := false
			owned(locked, func(p *Pool) { fn(t, p); over = true })
			if !over && !t.Failed() {
				t.Error("a coroutine has ended its owner")
			}
		})
	}
}

// call is a function as the body of a coroutine.
type call func()

// Run calls it.
func (c call) Run() { c() }

// spawn takes a coroutine whose body gets it.
func spawn(p *Pool, body func(c *Coro)) *Coro {
	var c *Coro
	c = p.Get(call(func() { body(c) }))
	return c
}

// wantBool complains unless got is want.
func wantBool(t testing.TB, what string, got, want bool) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %t, want %t", what, got, want)
	}
}

// TestResume: body and owner take turns, and never at the same time.
func TestResume(t *testing.T) {
	onBoth(t, func(t *testing.T, p *Pool) {
		var order []string
		c := spawn(p, func(c *Coro) {
			for _, step := range []string{"a", "b", "c"} {
				order = append(order, step)
				wantBool(t, "Suspend", c.Suspend(), true)
			}
		})
		for c.Resume() {
			order = append(order, "owner")
		}
		if got := strings.Join(order, " "); got != "a owner b owner c owner" {
			t.Errorf("it happened %s", got)
		}
	})
}

// TestID: the identity is that of the goroutine which runs the body, another
// than the owner's, and the same for the next body.
func TestID(t *testing.T) {
	onBoth(t, func(t *testing.T, p *Pool) {
		var ids []gid.ID
		for range 2 {
			c := p.Get(call(func() { ids = append(ids, gid.Current()) }))
			ids = append(ids, c.ID())
			c.Resume()
		}
		if len(slices.Compact(ids)) != 1 || ids[0] == gid.Current() {
			t.Errorf("identities %v, the owner's is %v", ids, gid.Current())
		}
	})
}

// TestGoexit: a body that ends by Goexit has run its deferred calls when Resume
// returns, even if one of them suspends, and its coroutine is not used again.
func TestGoexit(t *testing.T) {
	onBoth(t, func(t *testing.T, p *Pool) {
		for _, suspends := range []bool{false, true} {
			deferred := false
			c := spawn(p, func(c *Coro) {
				defer func() { deferred = true }()
				if suspends {
					defer c.Suspend()
				}
				runtime.Goexit()
			})
			wantBool(t, "suspended in the deferred call", c.Resume(), suspends)
			if suspends {
				wantBool(t, "suspended", c.Resume(), false)
			}
			wantBool(t, "the deferred call ran", deferred, true)
			if c.body != nil {
				t.Error("the coroutine keeps the body")
			}
			if p.idles != 0 || len(p.all) != 0 {
				t.Error("the pool keeps a coroutine whose goroutine is over")
			}
		}
	})
}

// TestGoexitAfterSuspend: waits before the Goexit change nothing.
func TestGoexitAfterSuspend(t *testing.T) {
	onBoth(t, func(t *testing.T, p *Pool) {
		c := spawn(p, func(c *Coro) {
			c.Suspend()
			runtime.Goexit()
		})
		wantBool(t, "suspended", c.Resume(), true)
		wantBool(t, "suspended", c.Resume(), false)
		wantBool(t, "another suspended", p.Get(call(func() {})).Resume(), false)
	})
}

// TestStop: Stop ends a coroutine that is suspended, which is not used again; the
// others go on. A second Stop does nothing.
func TestStop(t *testing.T) {
	onBoth(t, func(t *testing.T, p *Pool) {
		var ended []string
		wait := func(name string) *Coro {
			c := spawn(p, func(c *Coro) {
				wantBool(t, "Suspend of "+name, c.Suspend(), name != "stopped")
				ended = append(ended, name)
			})
			c.Resume()
			return c
		}
		stopped, others := wait("stopped"), []*Coro{wait("first"), wait("second")}
		stopped.Stop()
		stopped.Stop()
		wantBool(t, "another one suspended", wait("third").Resume(), false)
		for _, c := range others {
			wantBool(t, "suspended", c.Resume(), false)
		}
		if got := strings.Join(ended, " "); got != "stopped third first second" {
			t.Errorf("ended: %s", got)
		}
	})
}

// TestRecoveredPanic: a body that recovers its own panic has returned.
func TestRecoveredPanic(t *testing.T) {
	onBoth(t, func(t *testing.T, p *Pool) {
		c := p.Get(call(func() {
			defer func() { _ = recover() }()
			panic("mine")
		}))
		wantBool(t, "suspended", c.Resume(), false)
		if p.idles != 1 || p.idle[0] != c {
			t.Error("the coroutine is not used again")
		}
	})
}

// TestForeignCheck: on another goroutine Check panics, be it the owner's, that of
// another coroutine, or any; and the coroutine can go on.
func TestForeignCheck(t *testing.T) {
	onBoth(t, func(t *testing.T, p *Pool) {
		c := spawn(p, func(c *Coro) {
			c.Check()
			c.Suspend()
		})
		c.Resume()
		refused := func() {
			defer func() {
				if v := recover(); v != errForeign {
					t.Errorf("Check elsewhere: panic %v, want %v", v, errForeign)
				}
			}()
			c.Check()
		}
		refused()
		p.Get(call(refused)).Resume()
		over := make(chan struct{})
		go func() { defer close(over); refused() }()
		<-over
		wantBool(t, "suspended", c.Resume(), false)
	})
}

// TestNested: a coroutine takes and resumes another one, which may outlive it.
func TestNested(t *testing.T) {
	onBoth(t, func(t *testing.T, p *Pool) {
		var all []*Coro
		var body func(c *Coro)
		body = func(c *Coro) {
			if all = append(all, c); len(all) < 50 {
				wantBool(t, "inner suspended", spawn(p, body).Resume(), true)
			}
			wantBool(t, "Suspend", c.Suspend(), true)
		}
		wantBool(t, "outer suspended", spawn(p, body).Resume(), true)
		for i, c := range all {
			wantBool(t, fmt.Sprint("suspended ", i), c.Resume(), false)
		}
		if p.idles != 50 {
			t.Errorf("%d coroutines are idle", p.idles)
		}
	})
}

// TestNestedGoexit: a Goexit ends the coroutine that called it and not the one
// that resumes it.
func TestNestedGoexit(t *testing.T) {
	onBoth(t, func(t *testing.T, p *Pool) {
		after := false
		outer := p.Get(call(func() {
			wantBool(t, "inner suspended", p.Get(call(runtime.Goexit)).Resume(), false)
			after = true
		}))
		wantBool(t, "outer suspended", outer.Resume(), false)
		wantBool(t, "went on after the inner one", after, true)
	})
}
