package servers

import (
	"bytes"
	"testing"
)

// What comes in may be cut anywhere, and another amount may follow.
func TestIntake(t *testing.T) {
	const n = 20
	for size := 1; size <= n+8; size++ {
		var intake Intake
		for range 2 {
			stream, answers := append(Amount(n), make([]byte, n)...), 0
			for len(stream) > 0 {
				piece := stream[:min(size, len(stream))]
				stream = stream[len(piece):]
				answer := intake.Take(piece)
				if answer == nil {
					continue
				}
				if answers++; len(stream) > 0 || !bytes.Equal(answer, Amount(n)) {
					t.Errorf("pieces of %d: %v with %d bytes to come", size, answer, len(stream))
				}
			}
			if answers != 1 {
				t.Errorf("pieces of %d: %d answers", size, answers)
			}
		}
	}
}

func TestOutlet(t *testing.T) {
	var outlet Outlet
	n := int64(2*len(Pattern) + 7)
	for _, b := range Amount(n) {
		outlet.Ask([]byte{b})
	}
	var got []byte
	for p := outlet.Next(); len(p) > 0; p = outlet.Next() {
		got = append(got, p...)
	}
	if want := bytes.Repeat(Pattern, 3)[:n]; !bytes.Equal(got, want) {
		t.Errorf("%d bytes of %d", len(got), n)
	}
}
