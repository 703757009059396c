package bench

import "slices"

var perEvent = Metric{Name: "time", Unit: "ns/event"}

// readerScenarios measure the dispatch of add_reader: descriptors that stay
// readable, so that every turn calls every reader, and nothing else happens.
func readerScenarios() []Scenario {
	return []Scenario{{
		Name:        "readers/64",
		Description: "call the readers of 64 descriptors that are readable in every turn",
		Params:      Params{"descriptors": 64, "events": 4_000_000, "script_events": 400_000},
		Work:        "events",
		Quick:       Params{"events": 1_000_000, "script_events": 200_000},
		Metrics:     []Metric{perEvent},
		Place:       onOneCore,
		Sides:       slices.Concat(readerSides(), pythonPeers("readers")),
	}}
}
