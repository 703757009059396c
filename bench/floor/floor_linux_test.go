package floor

import (
	"testing"
	"time"
)

func TestBell(t *testing.T) {
	a, b := newBell(t), newBell(t)
	end := make(chan error, 1)
	go func() {
		err := a.Wait()
		if err == nil {
			err = b.Ring()
		}
		end <- err
	}()
	if err := a.Ring(); err != nil {
		t.Fatal(err)
	}
	if err := b.Wait(); err != nil {
		t.Fatal(err)
	}
	if err := <-end; err != nil {
		t.Fatal(err)
	}
}

func newBell(t *testing.T) *Bell {
	t.Helper()
	b, err := NewBell()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func TestClockWaitsUntilDue(t *testing.T) {
	c, err := NewClock()
	if err != nil {
		t.Fatal(err)
	}
	due := c.Now()
	for range 5 {
		due += time.Millisecond
		if err := c.WaitUntil(due); err != nil {
			t.Fatal(err)
		}
		if now := c.Now(); now < due {
			t.Errorf("woke up %v early", due-now)
		}
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func TestPoll(t *testing.T) {
	p, err := NewPoll()
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		before := p.Now
		if err := p.TimedStep(); err != nil || p.Now <= before {
			t.Errorf("clock went from %v to %v, %v", before, p.Now, err)
		}
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}
