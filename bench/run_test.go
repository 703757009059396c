package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// follower is a Progress that remembers, and may act.
type follower struct {
	seen []Position
	act  func(Position)
	done int
}

func (f *follower) Sampling(at Position) {
	f.seen = append(f.seen, at)
	if f.act != nil {
		f.act(at)
	}
}

func (f *follower) Done() { f.done++ }

// lines decodes a raw file and refuses what Line does not know.
func lines(t *testing.T, raw []byte) (out []Line) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	for {
		var l Line
		err := dec.Decode(&l)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatalf("raw file: %v", err)
		}
		out = append(out, l)
	}
}

func kinds(ls []Line) string {
	var out []string
	for _, l := range ls {
		if n := len(out); n > 0 && out[n-1] == l.Kind {
			continue
		}
		out = append(out, l.Kind)
	}
	return strings.Join(out, " ")
}

func TestOrderIsABBA(t *testing.T) {
	for _, c := range []struct {
		round, n int
		want     []int
	}{
		{0, 2, []int{0, 1}}, {1, 2, []int{1, 0}}, {2, 2, []int{0, 1}},
		{0, 3, []int{0, 1, 2}}, {1, 3, []int{2, 1, 0}}, {5, 1, []int{0}},
	} {
		if got := order(c.round, c.n); !slices.Equal(got, c.want) {
			t.Errorf("order(%d, %d) = %v, want %v", c.round, c.n, got, c.want)
		}
	}
}

func TestRunSamplesInPairs(t *testing.T) {
	var raw bytes.Buffer
	watch := &follower{}
	cfg := testConfig(t, fake(t, "two"))
	cfg.Rounds, cfg.Raw, cfg.Progress = 4, &raw, watch
	var got []*Measurement
	if err := Run(t.Context(), cfg, func(m *Measurement) { got = append(got, m) }); err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0].Rounds() != 4 {
		t.Fatalf("%d measurements, want one of 4 rounds", len(got))
	}
	if r := got[0].Ratio("engine", "floor", "time"); r.Median != 1.5 || r.N != 4 {
		t.Errorf("ratio %+v, want 1.5 from 4 pairs", r)
	}
	var order []string
	for _, at := range watch.seen {
		order = append(order, at.Side[:1])
	}
	if s := strings.Join(order, ""); s != "effeeffe" {
		t.Errorf("sides were sampled in the order %s", s)
	}
	if watch.done != 1 {
		t.Errorf("progress was told %d times that it is over", watch.done)
	}
	ls := lines(t, raw.Bytes())
	if kinds(ls) != "environment sample end" || len(ls) != 10 {
		t.Errorf("raw file holds %d lines: %s", len(ls), kinds(ls))
	}
	if s := ls[1].Sample; s.Scenario != "fake/two" || s.Side != "engine" || s.Procs != 1 || s.Attempt != 1 || s.Metrics["time"] != 3 {
		t.Errorf("first sample line: %+v", s)
	}
	if e := ls[len(ls)-1].End; e.Samples != 8 || e.Failed != 0 || e.Interrupted {
		t.Errorf("end line: %+v", e)
	}
}

func TestIdleScenariosRunAtOnce(t *testing.T) {
	cfg := testConfig(t, fake(t, "idle"))
	cfg.Rounds = 5
	err := Run(t.Context(), cfg, func(m *Measurement) {
		if a, b := m.Pairs("engine", "floor", "time"); len(a) != 5 || len(b) != 5 {
			t.Errorf("%d and %d samples, want 5 pairs", len(a), len(b))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFailedSampleIsReported(t *testing.T) {
	var raw bytes.Buffer
	cfg := testConfig(t, fake(t, "failing"), fake(t, "two"))
	cfg.Rounds, cfg.Raw = 2, &raw
	var names []string
	err := Run(t.Context(), cfg, func(m *Measurement) { names = append(names, m.Scenario.Name) })
	if !errors.Is(err, ErrSample) || !strings.Contains(fmt.Sprint(err), "the reason") {
		t.Errorf("error %v, want ErrSample with what the process said", err)
	}
	if !slices.Equal(names, []string{"fake/failing", "fake/two"}) {
		t.Errorf("measured %v: a failure must not stop the rest", names)
	}
	failed := 0
	for _, l := range lines(t, raw.Bytes()) {
		if l.Sample != nil && l.Sample.Error != "" {
			failed++
		}
	}
	if failed != 1 {
		t.Errorf("%d failed samples in the raw file, want 1: a broken side is not tried again", failed)
	}
}

func TestSampleOfPeerIsTakenOnceMore(t *testing.T) {
	t.Setenv(failedVariable, filepath.Join(t.TempDir(), "failed"))
	var notes []string
	cfg := testConfig(t, fake(t, "shaky"))
	cfg.Rounds, cfg.Note = 2, func(text string) { notes = append(notes, text) }
	err := Run(t.Context(), cfg, func(m *Measurement) {
		if _, other := m.Pairs("engine", "other", "time"); len(other) != 2 {
			t.Errorf("%d samples of the peer, want 2", len(other))
		}
	})
	if err != nil {
		t.Errorf("a peer that fails once: %v", err)
	}
	if all := strings.Join(notes, "\n"); !strings.Contains(all, "taken once more") || !strings.Contains(all, "the first time") {
		t.Errorf("notes %q do not tell of it", notes)
	}
}

func TestUnknownSample(t *testing.T) {
	for _, spec := range []string{`{"scenario":"none","side":"x"}`, `{"scenario":"fake/two","side":"x"}`,
		`{"scenario":"fake/two","side":"engine","role":"helper"}`} {
		err := runSample(t.Context(), fakes(), spec, io.Discard)
		if !errors.Is(err, ErrNoSample) {
			t.Errorf("%s: %v, want ErrNoSample", spec, err)
		}
	}
	if err := RunSample(t.Context(), "not json", io.Discard); err == nil {
		t.Error("a spec that is not JSON was taken")
	}
}

func TestMissingPeer(t *testing.T) {
	var notes []string
	cfg := testConfig(t, fake(t, "lonely"), fake(t, "lonely"))
	cfg.Rounds = 1
	cfg.Note = func(s string) {
		if strings.Contains(s, "other") {
			notes = append(notes, s)
		}
	}
	if err := Run(t.Context(), cfg, func(*Measurement) {}); err != nil {
		t.Fatal(err)
	}
	if len(notes) != 1 || !strings.Contains(notes[0], "not invented yet") {
		t.Errorf("notes %q, want one with the reason", notes)
	}
	cfg.RequirePeers = true
	err := Run(t.Context(), cfg, func(*Measurement) { t.Error("measured in spite of a missing peer") })
	if !errors.Is(err, ErrPeerMissing) {
		t.Errorf("error %v, want ErrPeerMissing", err)
	}
}

// What a peer cannot do, it cannot where peers are required either.
func TestLackingPeer(t *testing.T) {
	var notes []string
	sc := fake(t, "two")
	sc.Sides = append(sc.Sides, lacking("other", "has no such thing"))
	cfg := testConfig(t, sc)
	cfg.Rounds, cfg.RequirePeers = 1, true
	cfg.Note = func(s string) { notes = append(notes, s) }
	err := Run(t.Context(), cfg, func(m *Measurement) {
		if len(m.Sides) != 2 {
			t.Errorf("%d sides, want the two others", len(m.Sides))
		}
	})
	if want := "without peer other: has no such thing"; err != nil || !slices.Contains(notes, want) {
		t.Errorf("%v, notes %q", err, notes)
	}
}

func TestMissingPython(t *testing.T) {
	sc := fake(t, "two")
	sc.Sides = append(sc.Sides, pythonPeers("idle")...)
	r := &runner{cfg: Config{RequirePeers: true}, launch: launcher{python: pythons{"asyncio": "", "uvloop": ""}}}
	if _, err := r.plan(t.Context(), &sc, 1, map[string]bool{}); !errors.Is(err, ErrPeerMissing) {
		t.Errorf("without Python: %v, want ErrPeerMissing", err)
	}
	r.cfg.RequirePeers = false
	p, err := r.plan(t.Context(), &sc, 1, map[string]bool{})
	if err != nil || len(p.sides) != 2 {
		t.Errorf("without Python: %d sides, %v; want the two others", len(p.sides), err)
	}
}

func TestInterruptKeepsWhatThereIs(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var raw bytes.Buffer
	cfg := testConfig(t, fake(t, "two"), fake(t, "idle"))
	cfg.Rounds, cfg.Raw = 10, &raw
	cfg.Progress = &follower{act: func(at Position) {
		if at.Round == 3 {
			cancel()
		}
	}}
	var got []*Measurement
	err := Run(ctx, cfg, func(m *Measurement) { got = append(got, m) })
	if !errors.Is(err, context.Canceled) || errors.Is(err, ErrSample) {
		t.Errorf("error %v, want only that it was cancelled", err)
	}
	if len(got) != 1 || got[0].Rounds() != 2 {
		t.Fatalf("%d measurements, want one of two rounds", len(got))
	}
	ls := lines(t, raw.Bytes())
	if end := ls[len(ls)-1].End; end == nil || !end.Interrupted || end.Samples != 4 {
		t.Errorf("last line %+v, want an interrupted end with 4 samples", ls[len(ls)-1])
	}
}

func TestNothingToDo(t *testing.T) {
	cfg := testConfig(t, fake(t, "two"))
	cfg.Filter = regexp.MustCompile("nothing like it")
	if err := Run(t.Context(), cfg, nil); !errors.Is(err, ErrNothing) {
		t.Errorf("Run: %v, want ErrNothing", err)
	}
	if err := Bars(t.Context(), cfg, BarList(), nil, nil); !errors.Is(err, ErrNothing) {
		t.Errorf("Bars: %v, want ErrNothing", err)
	}
}

type refusing struct{}

func (refusing) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestRawFileFailureIsTold(t *testing.T) {
	cfg := testConfig(t, fake(t, "two"))
	cfg.Rounds, cfg.Raw = 1, refusing{}
	n := 0
	err := Run(t.Context(), cfg, func(*Measurement) { n++ })
	if err == nil || !strings.Contains(err.Error(), "disk full") || n != 1 {
		t.Errorf("%d measurements, error %v; want the measurement and the failure", n, err)
	}
}
