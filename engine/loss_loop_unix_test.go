//go:build unix

package engine_test

import (
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// TestLoopCloseAndItsDescriptors: what the user has made stays open. A transport
// has no other owner than the loop, so its descriptor does not leak as asyncio's
// would; its protocol is not told, as there.
func TestLoopCloseAndItsDescriptors(t *testing.T) {
	prove(t, "RUN-21", func(t *testing.T) {
		l, w, tr, far := tapped(t)
		a, b := streams(t)
		near, other := &wireEnd{t: t, s: a}, &wireEnd{t: t, s: b}
		must(t, l.AddReader(a.Fd(), func() { t.Error("the loop runs") }))
		other.send("for the user")
		must(t, l.Close())
		near.read()
		isEqual(t, "the user's socket has", near.in, tallyOf([]byte("for the user")))
		near.send("and back")
		other.read()
		isEqual(t, "and sends", other.in, tallyOf([]byte("and back")))
		w.want(t)
		far.read()
		isEqual(t, "the transport is closed", far.ended, true)
		isEqual(t, "its descriptor", tr.ExtraInfo("socket").(*engine.TransportSocket).Fd(), -1)
	})
}
