//go:build !race

package reactor

import (
	"testing"

	"github.com/shardloop/shardloop/poller"
)

// TestAllocationsOfEvents: an event of a watched descriptor allocates nothing.
func TestAllocationsOfEvents(t *testing.T) {
	for name, open := range map[string]func() (poller.Poller, error){"epoll": poller.NewEpoll, "poll": poller.NewPoll} {
		t.Run(name, func(t *testing.T) {
			w := newSocketWorld(t, open)
			defer w.close()
			r := newReactor(t, Config{Poller: w.p})
			events := 0
			must(t, r.AddReader(w.open("f"), func(any) {
				events++
				w.drain("f")
			}, nil))
			if n := everyTurn(t, r, func(any) { w.fill("f") }); n != 0 || events == 0 {
				t.Errorf("%v allocations, %d events", n, events)
			}
		})
	}
}

// TestAllocationsOfAgain: to stand over budget allocates nothing.
func TestAllocationsOfAgain(t *testing.T) {
	w := newSocketWorld(t, poller.NewEpoll)
	defer w.close()
	r := newReactor(t, Config{Poller: w.p})
	token, err := r.Attach(w.open("f"), handlerFunc(nothing), poller.In|poller.Edge)
	must(t, err)
	if n := everyTurn(t, r, func(any) { r.Again(token, poller.Readable) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
