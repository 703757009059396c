package emulator

import "testing"

func TestSkipChildren(t *testing.T) {
	for text, want := range map[string]bool{"": false, "1": true} {
		t.Setenv(Variable, text)
		skipped := true
		t.Run(text, func(t *testing.T) {
			SkipChildren(t)
			skipped = false
		})
		if Running() != want || skipped != want {
			t.Errorf("%q: running %t, skipped %t", text, Running(), skipped)
		}
	}
}
