//go:build unix

package engine_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// TestPostsBesideTheEnd posts from many goroutines while the loop is closed, and
// wants all of them to come to an end, and all memory back that was handed over.
func TestPostsBesideTheEnd(t *testing.T) {
	l, w := newLoop(t), &wireTap{}
	tr, _ := wired(t, l, w)
	start(t, l)
	var wg sync.WaitGroup
	var owned, released atomic.Int64
	begun := make(chan struct{}, 100)
	for i := range 6 {
		wg.Go(func() {
			for n := 0; ; n++ {
				var err error
				switch i % 3 {
				case 0:
					err = tr.PostWait(t.Context(), pattern(10_000))
				case 1:
					if err = tr.PostOwned(pattern(100), func() { released.Add(1) }); err == nil {
						owned.Add(1)
					}
				default:
					err = tr.Post(pattern(1000))
				}
				tell(begun)
				if err != nil && err != engine.ErrWouldBlock {
					return
				}
			}
		})
	}
	for range 10 {
		<-begun
	}
	stopAndWait(l)
	must(t, l.Close())
	wg.Wait()
	isEqual(t, "closing", tr.IsClosing(), true)
	tr.Abort()
	isEqual(t, "released", released.Load(), owned.Load())
}

// TestPostWaitOnTheLoop would wait for itself.
func TestPostWaitOnTheLoop(t *testing.T) {
	l, w := newLoop(t), &wireTap{}
	tr, _ := wired(t, l, w)
	inTurn(t, l, func() { wantErr(t, "in a callback", tr.PostWait(t.Context(), []byte("x")), engine.ErrNotInTask) })
	_, err := engine.RunUntilComplete(l, func(ctx context.Context) (int, error) { return 0, tr.PostWait(ctx, []byte("x")) })
	wantErr(t, "in a task", err, engine.ErrNotInTask)
}

// TestTransportAfterTheLoop: a transport may be closed, and used, when its loop
// is gone.
func TestTransportAfterTheLoop(t *testing.T) {
	l, w, tr, far := tapped(t)
	released := 0
	all := blocked(t, tr)
	must(t, tr.WriteOwned([]byte("x"), func() { released++ }))
	must(t, l.Close())
	far.read()
	isEqual(t, "end", far.ended, true)
	isEqual(t, "no more than written", far.in.n < len(all), true)
	isEqual(t, "released", released, 1)
	tr.Close()
	tr.Abort()
	tr.SetProtocol(w)
	wantErr(t, "Write", wrote(tr.Write([]byte("x"))), engine.ErrTransportClosing)
	isEqual(t, "socket", tr.ExtraInfo("socket").(*engine.TransportSocket).Fd(), -1)
	w.want(t)
}

// TestReleasePanics: it is reported, and the transport goes on.
func TestReleasePanics(t *testing.T) {
	l, w, tr, far := tapped(t)
	list := failures(l)
	must(t, tr.WriteOwned([]byte("x"), func() { panic(errBroken) }))
	wantFailure(t, list, "Exception in the release of what was written", tr, w, errBroken)
	must(t, wrote(tr.Write([]byte("y"))))
	far.read()
	isEqual(t, "sent", far.in, tallyOf([]byte("xy")))
}

// TestTransportsEndInAnyOrder: what is left when the loop ends is closed.
func TestTransportsEndInAnyOrder(t *testing.T) {
	l := newLoop(t)
	var trs []engine.Transport
	var fars []*wireEnd
	for range 4 {
		tr, far := wired(t, l, &wireTap{})
		trs, fars = append(trs, tr), append(fars, far)
	}
	trs[0].Abort()
	turn(t, l)
	trs[3].Abort() // which took the place of the first
	turn(t, l)
	must(t, l.Close())
	for i, far := range fars {
		far.read()
		isEqual(t, "end", far.ended, true)
		isEqual(t, "closing", trs[i].IsClosing(), true)
	}
}
