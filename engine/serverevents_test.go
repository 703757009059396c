package engine_test

import (
	"testing"

	"github.com/shardloop/shardloop/engine"
	"github.com/shardloop/shardloop/engine/internal/accept"
)

// TestServerHidesItsListeners: what listeners tell a server is not for programs.
func TestServerHidesItsListeners(t *testing.T) {
	if _, is := any((*engine.Server)(nil)).(accept.Events); is {
		t.Error("a Server has the methods that its listeners call")
	}
}
