package bench

// A held scenario is connections that have exchanged one message and are silent
// then: what one of them costs in memory, over what the server has without any.
// The heap is what is in use after a garbage collection, as the server tells;
// what is resident is told by the kernel. A process may have 20,000 descriptors
// on many systems, so there are a few less.
func heldScenarios() []Scenario {
	return []Scenario{{
		Name:        "idle/tcp-19000",
		Description: "19,000 silent connections",
		Params:      Params{"connections": 19_000, "size": 64},
		Quick:       Params{"connections": 2000},
		Work:        "connections",
		Metrics:     []Metric{{Name: "heap", Unit: "B/connection"}, {Name: "resident", Unit: "B/connection"}},
		Sides:       connected(driveHeld, "idle", "tcp", everySide...),
		Place:       onOneCore,
	}}
}
