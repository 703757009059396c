package stream

import (
	"errors"
	"testing"

	"github.com/shardloop/shardloop/poller"
)

// TestWhatKindsAskFor: both directions of what goes both ways, one of the rest, and by
// edge, which costs nothing while the other side stalls.
func TestWhatKindsAskFor(t *testing.T) {
	in, out := poller.In|poller.Edge, poller.Out|poller.Edge
	other := errors.New("other")
	for _, c := range []struct {
		kind    Kind
		asks    poller.Interest
		refusal error
	}{
		{Socket, in | out, other},
		{UnixSocket, in | out, other},
		{ReadPipe, in, ErrReadOnly},
		{WritePipe, out, other},
		{ReadDevice, in, ErrReadOnly},
		{WriteDevice, out, other},
	} {
		if got := c.kind.interest(); got != c.asks {
			t.Errorf("kind %d asks for %v, want %v", c.kind, got, c.asks)
		}
		if err := c.kind.refusal(other); err != c.refusal {
			t.Errorf("kind %d refuses by %v, want %v", c.kind, err, c.refusal)
		}
	}
}
