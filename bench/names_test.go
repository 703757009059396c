package bench

import "testing"

func TestSmokeNameScripts(t *testing.T) {
	if testing.Short() {
		t.Skip("starts an interpreter for each")
	}
	for _, sc := range tiny(nameScenarios()) {
		sc.Sides = sc.Sides[2:]
		smokeScripts(t, sc)
	}
}
