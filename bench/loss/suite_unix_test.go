//go:build unix

package loss

import (
	"context"
	"errors"
	"os"
	"regexp"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/shardloop/shardloop/internal/emulator"
)

// small is a Config that no slow machine can miss a limit of.
func small(t *testing.T, names ...string) Config {
	t.Helper()
	emulator.SkipChildren(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := Config{Shrink: 16, Idle: time.Minute, Limit: 4 * time.Minute, Grace: 1}
	for _, name := range names {
		c.Libraries = append(c.Libraries, Library{Name: name, Command: []string{self, "serve", name}})
	}
	return c
}

// collect runs one scenario with all libraries of c.
func collect(t *testing.T, c Config, scenario string) []Result {
	t.Helper()
	var list []Result
	c.Filter = regexp.MustCompile("^" + scenario + "$")
	c.Result = func(r Result) { list = append(list, r) }
	if err := Run(t.Context(), c); err != nil && !errors.Is(err, ErrLost) {
		t.Fatal(err)
	}
	return list
}

// exhaustless tells whether the system cannot limit another process for it.
func exhaustless(scenario string) bool { return scenario == "emfile" && runtime.GOOS != "linux" }

// Nothing is lost in the engine, on one loop and on several. Package net loses
// nothing either, but for an answer before a close with input unread.
func TestNothingIsLost(t *testing.T) {
	for _, sc := range Scenarios() {
		t.Run(sc.Name, func(t *testing.T) {
			for _, r := range collect(t, small(t, "engine", "engine kernel-4", "engine least-4", "engine source-4", "net"), sc.Name) {
				switch {
				case r.Kind == All:
				case r.Kind == Broken && exhaustless(sc.Name):
				case r.Kind == Late:
				case r.Kind != Broken && r.Library == "net" && sc.Name == "unread":
				default:
					t.Errorf("%s: %s: %s", r.Library, r.Verdict, r.Why)
				}
			}
		})
	}
}

// A server that does something wrong is found out.
func TestFaultsAreFound(t *testing.T) {
	const answer = 16 << 20 / 16
	for _, c := range []struct {
		scenario, library string
		kind              Kind
		count             int64 // 0 is any
	}{
		{"close", "halves", Lost, answer / 2 * 8},
		{"close-unix", "halves", Lost, answer / 2 * 8},
		{"close-slow", "skips", Lost, answer / 2},
		{"unread", "mute", NoAnswer, 0},
		{"half-close", "halves", Lost, 4 << 20 / 16 / 2 * 8},
		{"close", "doubles", Extra, 100},
		{"open", "doubles", Extra, 100},
		{"writev", "doubles", Extra, 400},
		{"close", "garbles", Garbled, 0},
		{"close", "exits", Died, 0},
		{"abort", "exits", Died, 0},
		{"reset", "exits", Died, 0},
		{"churn", "exits", Died, 0},
		{"emfile", "exits", Died, 0},
		{"emfile", "angry", NoAnswer, 0},
		{"close", "mute", NoAnswer, 0},
		{"sent-1m", "deaf", Lost, 0},
		{"reset", "quiet", Silent, 0},
		{"churn", "doubles", Garbled, 0},
		{"close", "modest", Cannot, 0},
		{"close", "loud", All, 0},
		{"reset", "loud", All, 0},
		{"close-slow", "lasts", All, 0},
	} {
		t.Run(c.scenario+" "+c.library, func(t *testing.T) {
			config := small(t, c.library)
			if c.kind == Died {
				config.Grace = time.Minute
			}
			r := collect(t, config, c.scenario)[0]
			if r.Kind == Broken && exhaustless(c.scenario) {
				return
			}
			if r.Kind != c.kind || c.count != 0 && r.Count != c.count {
				t.Errorf("%s, count %d: %s; want %s, %d", r.Kind, r.Count, r.Why, c.kind, c.count)
			}
		})
	}
}

// A server that says nothing is given up after a while.
func TestSilenceIsNoAnswer(t *testing.T) {
	for scenario, library := range map[string]string{
		"open": "mute", "writev": "mute", "stall": "mute", "abort": "stays", "emfile": "hurt",
	} {
		c := small(t, library)
		c.Idle = 200 * time.Millisecond
		if r := collect(t, c, scenario)[0]; r.Kind != NoAnswer && !(r.Kind == Broken && exhaustless(scenario)) {
			t.Errorf("%s: %s: %s", scenario, r.Verdict, r.Why)
		}
	}
}

// What takes longer than the limit is over, and a cancelled run ends.
func TestRunIsBounded(t *testing.T) {
	c := small(t, "mute")
	c.Limit = time.Second
	if r := collect(t, c, "open")[0]; r.Kind != NoAnswer && r.Kind != Broken {
		t.Errorf("%s: %s", r.Verdict, r.Why)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c.Result = func(r Result) { t.Errorf("a result of a cancelled run: %v", r) }
	if err := Run(ctx, c); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled run: %v", err)
	}
}

func TestRunErrors(t *testing.T) {
	c := small(t, "engine")
	c.Filter = regexp.MustCompile("nothing like it")
	if err := Run(t.Context(), c); !errors.Is(err, ErrNothing) {
		t.Errorf("no scenario: %v", err)
	}
	c = small(t)
	c.Libraries = []Library{{Name: "far", Missing: "it is not here"}}
	c.RequirePeers = true
	if err := Run(t.Context(), c); !errors.Is(err, ErrMissing) {
		t.Errorf("a missing library: %v", err)
	}
	c.RequirePeers = false
	if r := collect(t, c, "open"); r[0].Kind != Absent || r[0].Fault() {
		t.Errorf("a missing library: %v", r)
	}
}

// The engine's faults, and no other library's, are an error.
func TestRunTellsOfTheEngine(t *testing.T) {
	c := small(t, "halves", "modest")
	c.Filter = regexp.MustCompile("^close$")
	c.Result = func(Result) {}
	if err := Run(t.Context(), c); err != nil {
		t.Errorf("others: %v", err)
	}
	c.Libraries[0].Name = "engine"
	if err := Run(t.Context(), c); !errors.Is(err, ErrLost) {
		t.Errorf("the engine: %v", err)
	}
}

// A server that does not start is no verdict about its library.
func TestServersThatDoNotStart(t *testing.T) {
	c := small(t, "no such library")
	c.Libraries = append(c.Libraries, Library{Name: "nothing", Command: []string{"no/such/program"}})
	for _, r := range collect(t, c, "close") {
		if r.Kind != Broken || r.Fault() {
			t.Errorf("%s: %s: %s", r.Library, r.Verdict, r.Why)
		}
	}
}

func TestScenariosHaveRolesAndNames(t *testing.T) {
	var names []string
	for _, sc := range Scenarios() {
		if slices.Contains(names, sc.Name) || sc.Text == "" || sc.Role == "" {
			t.Errorf("scenario %q", sc.Name)
		}
		names = append(names, sc.Name)
	}
}
