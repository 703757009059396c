package roles

import "context"

// count takes in what comes, and says "got N HASH" when no more does.
type count struct {
	Plain
	setup Setup
	tally Tally
	over  bool
}

func counting(_ context.Context, s Setup) func() Handler {
	return func() Handler { return &count{setup: s} }
}

// Data counts.
func (r *count) Data(_ Conn, p []byte) { _, _ = r.tally.Write(p) } // never fails

// End tells the count.
func (r *count) End(Conn) {
	if !r.over {
		r.over = true
		r.setup.Say("got %d %s", r.tally.N, r.tally.Sum())
	}
}

// Lost tells it where End did not come.
func (r *count) Lost(c Conn, _ error) { r.End(c) }
