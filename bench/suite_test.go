package bench

import (
	"math"
	"slices"
	"testing"
)

// Every scenario works: each side of it answers with every metric.
func TestSmoke(t *testing.T) {
	for _, sc := range tiny(Scenarios()) {
		sc.Sides = slices.DeleteFunc(sc.Sides, func(s Side) bool {
			return s.Script != nil || s.Missing != "" || s.Lacks != "" || s.Server != nil && s.Server.Program == Python && testing.Short()
		})
		t.Run(sc.Name, func(t *testing.T) { smoke(t, sc) })
	}
}

// Every script works, where there is a Python that can run it.
func TestSmokeScripts(t *testing.T) {
	if testing.Short() {
		t.Skip("starts an interpreter for each")
	}
	tested := map[string]bool{}
	for _, sc := range tiny(Scenarios()) {
		i := slices.IndexFunc(sc.Sides, func(s Side) bool { return s.Script != nil })
		if i < 0 || tested[sc.Sides[i].Script.Name] {
			continue
		}
		tested[sc.Sides[i].Script.Name] = true
		sc.Sides = slices.DeleteFunc(sc.Sides, func(s Side) bool { return s.Script == nil })
		t.Run(sc.Name, func(t *testing.T) { smoke(t, sc) })
	}
}

func smoke(t *testing.T, sc Scenario) {
	if len(sc.Sides) == 0 {
		t.Skip("no side of it runs here")
	}
	cfg := testConfig(t, sc)
	cfg.Rounds = 1
	err := Run(t.Context(), cfg, func(m *Measurement) {
		for _, side := range m.Sides {
			for _, metric := range sc.Metrics {
				values := m.Values(side.Name, metric.Name)
				if len(values) == 0 && untold(&sc, side, metric.Name) {
					continue
				}
				if len(values) != 1 || math.IsNaN(values[0]) || math.IsInf(values[0], 0) || values[0] < 0 {
					t.Errorf("side %s: %s is %v", side.Name, metric.Name, values)
				}
			}
		}
	})
	if err != nil {
		t.Error(err)
	}
}

// untold tells whether a side may leave out a metric.
func untold(sc *Scenario, side Side, metric string) bool {
	if side.Server != nil {
		return slices.Contains(uncounted[side.Server.Library], metric)
	}
	return side.Script != nil || sc.Idle
}

// A scenario says what it is and what of it is work.
func TestSuiteIsDescribed(t *testing.T) {
	seen := map[string]bool{}
	for _, sc := range Scenarios() {
		if seen[sc.Name] || sc.Description == "" || len(sc.Metrics) == 0 || len(sc.Sides) == 0 {
			t.Errorf("scenario %q is not described, or is there twice", sc.Name)
		}
		seen[sc.Name] = true
		if sc.Params[sc.Work] <= 0 {
			t.Errorf("scenario %q: no parameter %q", sc.Name, sc.Work)
		}
		for name := range sc.Quick {
			if _, ok := sc.Params[name]; !ok {
				t.Errorf("scenario %q: quick changes %q, which is not there", sc.Name, name)
			}
		}
	}
}
