package stream

import "testing"

// TestTheMemoryOfAReadIsLetGo: it belongs to the loop's pool, or to the owner.
func TestTheMemoryOfAReadIsLetGo(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(unixPair)
		p.write([]byte("x"))
		w.until(func() bool { return o.in.n > 0 })
		if w.sh.message.iov.Base != nil {
			t.Error("the loop still has the memory that a read went to")
		}
		w.end(o)
	})
}
