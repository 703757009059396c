package bench

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestTerminalCutsItsLine(t *testing.T) {
	var out bytes.Buffer
	term := &Terminal{W: &out, Width: func() int { return 30 }}
	term.Sampling(Position{Scenario: strings.Repeat("long", 20), Number: 1, Scenarios: 2, Round: 1, Rounds: 3})
	line, ok := strings.CutPrefix(out.String(), eraseLine)
	if !ok || len(line) != 29 {
		t.Errorf("%d columns of 30: %q", len(line), line)
	}
	out.Reset()
	term.Done()
	if out.String() != eraseLine {
		t.Errorf("Done wrote %q", out.String())
	}
}

func TestTerminalGuessesTheRest(t *testing.T) {
	var out bytes.Buffer
	term := &Terminal{W: &out, Width: func() int { return 0 }}
	term.Sampling(Position{Scenario: "s", Attempt: 2, TakenSoFar: 10, Planned: 40, SinceStart: 20 * time.Second})
	for _, want := range []string{"about 1m0s left", "attempt 2"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q lacks %q", out.String(), want)
		}
	}
}
