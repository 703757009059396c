package floor

import "testing"

func TestPullGoesOnUntilItIsClosed(t *testing.T) {
	p := NewPull()
	for range 3 {
		if _, ok := p.Next(); !ok {
			t.Error("it ended by itself")
		}
	}
	p.Close()
	if _, ok := p.Next(); ok {
		t.Error("it went on after Close")
	}
}
