package bench

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/pprof/profile"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares text with a file under testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want = bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n")); !bytes.Equal(got, want) {
		t.Errorf("%s differs (run with -update and read the diff):\n%s", path, got)
	}
}

// The list is what users and documents refer to. It is the same on every
// platform but for the reasons why a side is missing.
func TestListGolden(t *testing.T) {
	suite := Scenarios()
	for i := range suite {
		for j := range suite[i].Sides {
			suite[i].Sides[j].Missing = ""
		}
	}
	var out bytes.Buffer
	if err := WriteList(&out, suite); err != nil {
		t.Fatal(err)
	}
	golden(t, "list.txt", out.Bytes())
}

func TestTableGolden(t *testing.T) {
	sc := fake(t, "two")
	sc.Description = "two sides of one coin"
	m := &Measurement{Scenario: &sc, Sides: append(sc.Sides, Side{Name: "absent", Kind: Peer})}
	for round := range 7 {
		m.store(round, "engine", Metrics{"time": 1000 + 100*float64(round)})
		m.store(round, "floor", Metrics{"time": 0.5})
	}
	var out bytes.Buffer
	if err := WriteMeasurement(&out, m); err != nil {
		t.Fatal(err)
	}
	if err := WriteBarHeader(&out); err != nil {
		t.Fatal(err)
	}
	bar := ratio("fake/two", "time", 1.1, "floor")
	result, ok := bar.judge(m)
	if !ok {
		t.Fatal("not judged")
	}
	if err := WriteBar(&out, result); err != nil {
		t.Fatal(err)
	}
	golden(t, "table.txt", out.Bytes())
}

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

func TestHotCountsRecursionOnce(t *testing.T) {
	f, g := &profile.Function{Name: "f"}, &profile.Function{Name: "g"}
	at := func(fs ...*profile.Function) *profile.Location {
		l := &profile.Location{}
		for _, f := range fs {
			l.Line = append(l.Line, profile.Line{Function: f})
		}
		return l
	}
	p := hot(&profile.Profile{Sample: []*profile.Sample{
		{Value: []int64{3}, Location: []*profile.Location{at(f), at(f), at(g)}},
		{Value: []int64{1}, Location: []*profile.Location{at(g, f)}}, // g inlined into f
	}})
	want := []Hot{{"f", 0.75, 1}, {"g", 0.25, 1}}
	if p.Samples != 4 || len(p.Hottest) != 2 || p.Hottest[0] != want[0] || p.Hottest[1] != want[1] {
		t.Errorf("%+v, want %+v of 4 samples", p, want)
	}
}
