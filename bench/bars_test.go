package bench

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/shardloop/shardloop/bench/stat"
)

// judgements measures bars of fake scenarios.
func judgements(t *testing.T, cfg Config, bars ...Bar) (got []BarResult, err error) {
	t.Helper()
	cfg.Rounds = stat.MinFinite
	err = Bars(t.Context(), cfg, bars, func(b BarResult) { got = append(got, b) }, nil)
	return got, err
}

func verdicts(results []BarResult) (out []stat.Verdict) {
	for _, r := range results {
		out = append(out, r.Verdict)
	}
	return out
}

func TestBars(t *testing.T) {
	for _, c := range []struct {
		name string
		bar  Bar
		want []stat.Verdict
		err  error
	}{
		{"met", ratio("fake/two", "time", 1.5, "floor"), []stat.Verdict{stat.Pass}, nil},
		{"met within the tolerance", ratio("fake/two", "time", 1.45, "floor"), []stat.Verdict{stat.Pass}, nil},
		{"missed", ratio("fake/two", "time", 1.4, "floor"), []stat.Verdict{stat.Fail}, ErrBar},
		{"below", below("fake/two", "time", "floor"), []stat.Verdict{stat.Fail}, ErrBar},
		{"absolute", atMost("fake/two", "time", 3, "ns"), []stat.Verdict{stat.Pass}, nil},
		{"unclear three times", ratio("fake/wavering", "time", 1.2, "floor"),
			[]stat.Verdict{stat.Unclear, stat.Unclear, stat.Fail}, ErrBar},
	} {
		cfg := testConfig(t, fakes()...)
		got, err := judgements(t, cfg, c.bar)
		if !slices.Equal(verdicts(got), c.want) || !errors.Is(err, c.err) || (c.err == nil && err != nil) {
			t.Errorf("%s: %v, %v; want %v, %v", c.name, verdicts(got), err, c.want, c.err)
		}
	}
}

func TestUnclearBarsAreAllInTheRawFile(t *testing.T) {
	var raw bytes.Buffer
	cfg := testConfig(t, fake(t, "wavering"))
	cfg.Raw = &raw
	clear, unclear := atMost("fake/wavering", "time", 5, "ns"), ratio("fake/wavering", "time", 1.2, "floor")
	if got, _ := judgements(t, cfg, clear, unclear); len(got) != 4 {
		t.Errorf("%d judgements, want one of the clear bar and three of the other", len(got))
	}
	attempts := map[int]int{}
	bars := 0
	for _, l := range lines(t, raw.Bytes()) {
		if l.Sample != nil {
			attempts[l.Sample.Attempt]++
		}
		if l.Bar != nil {
			bars++
		}
	}
	each := 2 * stat.MinFinite
	if want := map[int]int{1: each, 2: each, 3: each}; !maps.Equal(attempts, want) || bars != 4 {
		t.Errorf("samples by attempt %v and %d bars, want %v and 4", attempts, bars, want)
	}
}

func TestBarWithoutFiguresDoesNotPass(t *testing.T) {
	got, err := judgements(t, testConfig(t, fake(t, "failing")), ratio("fake/failing", "time", 9, "floor"))
	if len(got) != 0 || !errors.Is(err, ErrSample) {
		t.Errorf("%v, %v; want no judgement and ErrSample", got, err)
	}
}

func TestBarWithoutItsSideIsNoted(t *testing.T) {
	var notes []string
	cfg := testConfig(t, fake(t, "lonely"))
	cfg.Note = func(s string) { notes = append(notes, s) }
	got, err := judgements(t, cfg, ratio("fake/lonely", "time", 1, "other"))
	want := "bar fake/lonely time is not measured: without side other"
	if len(got) != 0 || err != nil || !slices.Contains(notes, want) {
		t.Errorf("%v, %v, notes %q; want only the note", got, err, notes)
	}
}

func TestBarJSON(t *testing.T) {
	text, err := json.Marshal(BarResult{Bar: "b", Verdict: stat.Pass})
	if err != nil {
		t.Fatal(err)
	}
	var keys map[string]any
	if err := json.Unmarshal(text, &keys); err != nil {
		t.Fatal(err)
	}
	want := []string{"bar", "high", "limit", "low", "measured", "sense", "unit", "verdict"}
	if got := slices.Sorted(maps.Keys(keys)); !slices.Equal(got, want) {
		t.Errorf("keys %v, want %v", got, want)
	}
}

func TestBetterOfTwo(t *testing.T) {
	m := &Measurement{}
	for round := range 9 {
		noise := float64(round % 3)
		m.store(round, "auto", Metrics{"cpu": 10})
		m.store(round, "block", Metrics{"cpu": 12 - 4*noise}) // 12, 8, 4: median 8
		m.store(round, "park", Metrics{"cpu": 9})
	}
	bar := hostBar("quiet", "cpu")
	if got := bar.best(m); got != "block" {
		t.Errorf("best is %s, want block", got)
	}
	got, ok := bar.judge(m)
	if !ok || got.Measured != 1.25 || got.Unit != "x block" {
		t.Errorf("judged %+v, want 1.25 x block", got)
	}
}

func TestStridesThinOutOnlyWhatNoBarNeeds(t *testing.T) {
	sides := []Side{{Name: "auto"}, {Name: "block"}, {Name: "park"}, {Name: "other"}}
	got := strides(sides, []Bar{hostBar("quiet", "cpu")})
	if !maps.Equal(got, map[string]int{"other": peerStride}) {
		t.Errorf("strides %v", got)
	}
}

// Every bar must name a scenario, sides and a metric that exist.
func TestBarListFitsTheSuite(t *testing.T) {
	suite := Scenarios()
	names := map[string]bool{}
	for _, b := range BarList() {
		if names[b.Name()] {
			t.Errorf("two bars are called %q", b.Name())
		}
		names[b.Name()] = true
		i := slices.IndexFunc(suite, func(sc Scenario) bool { return sc.Name == b.Scenario })
		if i < 0 {
			t.Errorf("bar %q: no such scenario", b.Name())
			continue
		}
		for _, side := range append(b.Against, b.Side) {
			if _, ok := suite[i].side(side); !ok {
				t.Errorf("bar %q: no side %q", b.Name(), side)
			}
		}
		if _, ok := suite[i].metric(b.Metric); !ok {
			t.Errorf("bar %q: no such metric", b.Name())
		}
	}
}
