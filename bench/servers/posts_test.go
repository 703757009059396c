package servers

import (
	"bytes"
	"testing"
)

func TestCommand(t *testing.T) {
	if n, yes := Commanded(Command(12345)); !yes || n != 12345 {
		t.Errorf("%d, %v", n, yes)
	}
	for _, p := range [][]byte{nil, {PostCommand}, make([]byte, PostSize)} {
		if _, yes := Commanded(p); yes {
			t.Errorf("%v is a command", p)
		}
	}
}

// No two messages are the same, and none looks like a command.
func TestPost(t *testing.T) {
	a, b := make([]byte, PostSize), make([]byte, PostSize)
	Post(a, 1)
	Post(b, 2)
	if bytes.Equal(a, b) {
		t.Error("two messages are the same")
	}
}
