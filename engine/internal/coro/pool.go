package coro

import "sync"

// idleLimit is how many idle coroutines a pool keeps: with the stack they begin
// with, 2 KiB, and what belongs to it, about 3 MiB for 1,024.
const idleLimit = 1024

// Pool makes coroutines and keeps those whose body has returned: making one
// costs ten times as much as using it again. The zero Pool is ready to use. It
// belongs to one goroutine.
type Pool struct {
	// Locked says that the owner's goroutine is locked to its thread. The
	// runtime resumes a coroutine in no other state than it was made in.
	Locked bool

	// Born and Gone are called on each coroutine's goroutine when it begins and
	// before it ends; nil for neither.
	Born, Gone func()

	first, last *Coro // live ones, in the order they were taken
	idle        *Coro
	idles       int
	unreaped    []*Coro // ended by Goexit, of a locked pool
	reaping     sync.WaitGroup
}

// Get returns a coroutine that will run body(arg) when it is resumed.
func (p *Pool) Get(body func(any), arg any) *Coro {
	c := p.idle
	if c == nil {
		c = newCoro(p)
	} else {
		p.idle = c.succ
		p.idles--
	}
	c.body, c.arg = body, arg
	c.prev, c.succ = p.last, nil
	if p.last == nil {
		p.first = c
	} else {
		p.last.succ = c
	}
	p.last = c
	return c
}

// unlink takes c from the live ones.
func (p *Pool) unlink(c *Coro) {
	if c.prev == nil {
		p.first = c.succ
	} else {
		c.prev.succ = c.succ
	}
	if c.succ == nil {
		p.last = c.prev
	} else {
		c.succ.prev = c.prev
	}
	c.prev, c.succ = nil, nil
}

// ended takes back a coroutine whose body is over.
func (p *Pool) ended(c *Coro) {
	p.unlink(c)
	c.body, c.arg = nil, nil
	switch {
	case c.state == exited:
		p.reap(c)
	case p.idles == idleLimit:
		c.stop()
	default:
		c.state = suspended
		c.succ, p.idle = p.idle, c
		p.idles++
	}
}

// reap lets the goroutine of an exited body end, which ends the goroutine that
// asks for it: stop passes the Goexit on. A locked coroutine can only be stopped
// by the owner, so it waits for Close.
func (p *Pool) reap(c *Coro) {
	if p.Locked {
		p.unreaped = append(p.unreaped, c)
		return
	}
	p.reaping.Go(c.stop)
}

// Close ends all coroutines, and waits for them: bodies that are suspended see
// Suspend return false, in the order they were taken, and have to end. Only the
// owner may call it, and nothing else afterwards. When a body ends by Goexit
// meanwhile, so does the caller, but not before the rest is done.
func (p *Pool) Close() {
	over := false
	defer func() {
		if !over {
			p.Close()
		}
	}()
	for c := p.first; c != nil; c = p.first {
		p.unlink(c)
		c.stop()
	}
	for c := p.idle; c != nil; c = p.idle {
		p.idle = c.succ
		c.stop()
	}
	for n := len(p.unreaped); n > 0; n = len(p.unreaped) {
		c := p.unreaped[n-1]
		p.unreaped = p.unreaped[:n-1]
		c.stop()
	}
	p.reaping.Wait()
	over = true
}
