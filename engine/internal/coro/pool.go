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

	all      []*Coro // but for the unreaped
	idle     []*Coro // behind idles the array keeps ones that are used
	idles    int
	unreaped []*Coro // ended by Goexit, not stopped yet
	reaping  sync.WaitGroup
}

// Get returns a coroutine that will run body when it is resumed.
func (p *Pool) Get(body Body) *Coro {
	if len(p.unreaped) > 0 {
		p.reap()
	}
	if p.idles == 0 {
		c := newCoro(p)
		c.body, c.index = body, len(p.all)
		p.all = append(p.all, c)
		return c
	}
	p.idles--
	c := p.idle[p.idles]
	c.body = body
	return c
}

// returned takes back a coroutine whose body has returned, and reports whether
// there may be another. It runs on the coroutine.
func (p *Pool) returned(c *Coro) bool {
	c.body = nil
	switch {
	case c.index < 0: // Close is ending it
		return false
	case p.idles == idleLimit:
		p.forget(c)
		return false
	}
	p.keep(c)
	return true
}

// exited takes a coroutine whose body has ended by Goexit from the pool. It runs
// on the coroutine, which can be stopped when it has yielded.
func (p *Pool) exited(c *Coro) {
	c.body = nil
	if c.index >= 0 {
		p.forget(c)
		p.unreaped = append(p.unreaped, c)
	}
}

// keep makes c an idle one.
func (p *Pool) keep(c *Coro) {
	if p.idles == len(p.idle) {
		p.idle = append(p.idle, c)
	} else {
		p.idle[p.idles] = c
	}
	p.idles++
}

// forget takes c from the pool's.
func (p *Pool) forget(c *Coro) {
	last := len(p.all) - 1
	p.all[c.index] = p.all[last]
	p.all[c.index].index = c.index
	p.all[last] = nil
	p.all = p.all[:last]
	c.index = -1
}

// reap lets the goroutines of exited bodies end, which ends the goroutine that
// asks for it: stop passes the Goexit on. A locked coroutine can only be stopped
// by the owner, so it waits for Close.
func (p *Pool) reap() {
	if p.Locked {
		return
	}
	for _, c := range p.unreaped {
		p.reaping.Go(c.stop)
	}
	clear(p.unreaped)
	p.unreaped = p.unreaped[:0]
}

// Close ends all coroutines, and waits for them: bodies that are suspended see
// Suspend return false, and have to end. Only the owner may call it, and nothing
// else afterwards. When a body ends by Goexit meanwhile, so does the caller, but
// not before the rest is done.
func (p *Pool) Close() {
	over := false
	defer func() {
		if !over {
			p.Close()
		}
	}()
	p.idles = 0
	stopAll(&p.all)
	p.reap()
	stopAll(&p.unreaped)
	p.reaping.Wait()
	over = true
}

// stopAll stops coroutines, each of which is off the list before. It takes the
// last, so that the others keep their places.
func stopAll(list *[]*Coro) {
	for n := len(*list); n > 0; n = len(*list) {
		c := (*list)[n-1]
		*list = (*list)[:n-1]
		c.index = -1
		c.stop()
	}
}
