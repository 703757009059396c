package bench

import (
	"fmt"
	"io"
	"time"
)

// Terminal is a Progress on one line of a terminal. Width is asked for each
// time, because windows change; the line is cut to it, never wrapped.
type Terminal struct {
	W     io.Writer
	Width func() int
}

// eraseLine goes to the first column and clears the line: ECMA-48 EL.
const eraseLine = "\r\x1b[K"

// Sampling shows the position.
func (t *Terminal) Sampling(at Position) {
	line := fmt.Sprintf("[%d/%d] %s  round %d/%d  %s%s%s", at.Number, at.Scenarios, at.Scenario,
		at.Round, at.Rounds, at.Side, again(at.Attempt), left(at))
	if width := t.Width(); len(line) >= width && width > 0 {
		line = line[:width-1]
	}
	fmt.Fprint(t.W, eraseLine, line)
}

func again(attempt int) string {
	if attempt < 2 {
		return ""
	}
	return fmt.Sprintf("  unclear, attempt %d", attempt)
}

// left guesses the time that remains from the share of samples taken. The first
// few say nothing yet.
func left(at Position) string {
	const enough = 10
	if at.TakenSoFar < enough {
		return ""
	}
	rest := at.SinceStart * time.Duration(at.Planned-at.TakenSoFar) / time.Duration(at.TakenSoFar)
	return fmt.Sprintf("  about %s left", max(rest, 0).Round(time.Second))
}

// Done clears the line, which also makes room for other output on it.
func (t *Terminal) Done() { fmt.Fprint(t.W, eraseLine) }
