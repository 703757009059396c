package buffers

import "testing"

// releases is a chain of owned pieces, and what was released of it.
type releases struct {
	p   *Pool
	c   Chain
	log string
}

// own appends name itself, whose release notes it and then calls then.
func (s *releases) own(name string, then func()) {
	s.c.Own(s.p, []byte(name), func() {
		s.log += name
		if then != nil {
			then()
		}
	})
}

// end fails the test unless these were released and the chain is empty.
func (s *releases) end(t *testing.T, want string) {
	t.Helper()
	if s.log != want {
		t.Errorf("released %q, want %q", s.log, want)
	}
	wantUsed(t, s.p, 0)
	if s.c != (Chain{}) {
		t.Errorf("the chain is %+v in the end", s.c)
	}
}

// A release finds only what is to go, though others are still to be released.
func TestChainReleaseLooks(t *testing.T) {
	s := &releases{p: NewPool(0)}
	s.own("a", func() { wantChain(t, &s.c, "de") })
	s.own("b", func() { wantChain(t, &s.c, "de") })
	s.c.Copy(s.p, []byte("cde"))
	s.c.Drop(s.p, 3)
	s.own("f", func() { wantChain(t, &s.c, "") })
	s.c.Clear(s.p)
	s.end(t, "abf")
}

// What a release appends comes last, and stays when it was Clear that called.
func TestChainReleaseAppends(t *testing.T) {
	s := &releases{p: NewPool(0)}
	s.own("a", func() {
		s.c.Copy(s.p, []byte("x"))
		s.own("y", nil)
		s.c.Own(s.p, nil, func() { s.log += "z" })
	})
	s.own("b", nil)
	s.c.Copy(s.p, []byte("c"))
	s.c.Clear(s.p)
	if s.log != "ab" {
		t.Errorf("released %q, want ab", s.log)
	}
	wantChain(t, &s.c, "xy")
	s.c.Drop(s.p, 2)
	s.end(t, "abyz")
}

// A block of which all was sent may get more bytes before it is given back.
func TestChainReleaseFillsBlock(t *testing.T) {
	s := &releases{p: NewPool(0)}
	s.own("a", func() { s.c.Copy(s.p, []byte("cd")) })
	s.c.Copy(s.p, []byte("b"))
	s.c.Drop(s.p, 2)
	wantChain(t, &s.c, "cd")
	wantUsed(t, s.p, tailBlock)
	s.c.Drop(s.p, 2)
	s.end(t, "a")
}

// A release that appends does not call others, so many do not nest.
func TestChainReleaseDoesNotNest(t *testing.T) {
	s := &releases{p: NewPool(0)}
	depth := 0
	for range 100 {
		s.own("a", func() {
			if depth++; depth > 1 {
				t.Error("a release is called within a release")
			}
			s.own("b", nil)
			s.c.Own(s.p, nil, func() {})
			depth--
		})
	}
	s.c.Drop(s.p, 100)
	if len(s.log) != 100 || s.c.Len() != 100 {
		t.Errorf("%d released, %d to go", len(s.log), s.c.Len())
	}
}

// A release that drops or clears calls those that wait first, in order.
func TestChainReleaseDrops(t *testing.T) {
	for name, drop := range map[string]func(s *releases){
		"Drop":  func(s *releases) { s.c.Drop(s.p, 1) },
		"Clear": func(s *releases) { s.c.Clear(s.p) },
	} {
		s := &releases{p: NewPool(0)}
		s.own("a", func() {
			drop(s)
			if s.log != "abc" {
				t.Errorf("%s within a release: released %q, want abc", name, s.log)
			}
		})
		s.own("b", nil)
		s.own("c", nil)
		s.c.Drop(s.p, 2)
		s.end(t, "abc")
	}
}

// A release that panics is not called again, and the next Drop goes on.
func TestChainReleasePanics(t *testing.T) {
	s := &releases{p: NewPool(0)}
	s.own("a", func() { panic("a's") })
	s.own("b", nil)
	s.own("c", nil)
	wantPanic(t, "a's", func() { s.c.Drop(s.p, 2) })
	wantChain(t, &s.c, "c")
	s.c.Drop(s.p, 1)
	s.end(t, "abc")
}
