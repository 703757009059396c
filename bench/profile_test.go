package bench

import (
	"context"
	"testing"

	"github.com/google/pprof/profile"
)

func TestProfiles(t *testing.T) {
	sc := tiny(Scenarios())[0]
	n := 0
	err := Profiles(t.Context(), testConfig(t, sc), func(p Profile) {
		n++
		if p.Scenario != sc.Name || p.Side != "engine" {
			t.Errorf("profile of %s, side %s", p.Scenario, p.Side)
		}
	})
	if err != nil || n != 1 {
		t.Errorf("%d profiles, %v; want one", n, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Profiles(ctx, testConfig(t, sc), func(Profile) { t.Error("profiled after the end") }); err == nil {
		t.Error("no error after an interrupt")
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
