package bench

import "github.com/shardloop/shardloop/bench/stat"

// BarList is every bar that the suite has scenarios for.
func BarList() []Bar {
	bars := []Bar{
		atMost("callbacks/batch-1000", "time", 8, "ns/call"),
		atMost("callbacks/batch-1000", "allocs", 0, "allocs/call"),
		atMost("callbacks/batch-100000", "time", 8, "ns/call"),
		atMost("callbacks/batch-100000", "allocs", 0, "allocs/call"),
		ratio("callbacks/chain-strict", "time", 1.2, "floor"),
		ratio("callbacks/chain-timer", "time", 1.2, "floor"),
		atMost("callbacks/chain-poll-every-64", "time", 20, "ns/call"),
		atMost("callbacks/chain-poll-every-64-timer", "time", 20, "ns/call"),

		ratio("tasks/await-1000", "time", 2.0, "pull"),
		atMost("tasks/await-1000", "allocs", 0, "allocs/trip"),
		ratio("tasks/await-alone", "time", 1.3, "floor"),
		atMost("tasks/spawn", "time", 250, "ns/task"),
		atMost("tasks/spawn", "allocs", 1+strayAllocs, "allocs/task"),
		atMost("tasks/spawn-loose", "time", 250, "ns/task"),
		atMost("tasks/spawn-loose", "allocs", 0, "allocs/task"),
		atMost("tasks/parked", "memory", 3500, "B/task"),

		atMost("posts/1", "time", 30, "ns/post"),
		atMost("posts/1", "allocs", 0, "allocs/post"),
		atMost("posts/2", "time", 30, "ns/post"),
		atMost("posts/2", "allocs", 0, "allocs/post"),
		ratio("posts/8", "time", 1.1, "floor"),
		atMost("posts/8", "allocs", 0, "allocs/post"),
		atMost("group/cross-post", "allocs", 0, "allocs/post"),
		ratio("wakeup", "p50", 1.1, "floor"),

		ratio("timers/cancel-1M", "time", 0.3, "afterfunc"),
		atMost("timers/cancel-1M", "allocs", 0, "allocs/op"),
		ratio("timers/replace-1M", "time", 0.8, "afterfunc"),
		atMost("timers/replace-1M", "allocs", 0, "allocs/op"),

		ratio("lateness/idle", "p50", 1.1, "floor"),
		lateShare("lateness/idle"),
		neverEarly("lateness/idle"),
		ratio("lateness/10k", "p50", 1.1, "floor"),
		lateShare("lateness/10k"),
		neverEarly("lateness/10k"),
		atMost("lateness/spin", "p90", 2, "us"),
		lateShare("lateness/spin"),
		neverEarly("lateness/spin"),

		atMost("idle/empty", "turns", 0, "turns"),
		atMost("idle/empty", "cpu", 5, "ms"),
		atMost("idle/timer", "wakeups", 1, "wake-ups"),
	}
	for _, column := range []string{"quiet", "sparse", "burners"} {
		bars = append(bars, hostBar(column, "cpu"), hostBar(column, "p50"))
	}
	return append(bars, connectionBars()...)
}

// strayAllocs is the room for what the runtime allocates when there is garbage
// to collect, a few objects in a sample. One more in each turn of a thousand
// operations does not fit.
const strayAllocs = 0.0005

// atMost is an absolute bar on the engine.
func atMost(scenario, metric string, limit float64, unit string) Bar {
	return Bar{Scenario: scenario, Side: "engine", Metric: metric, Measure: Absolute, Unit: unit,
		Rule: stat.Rule{Limit: limit}}
}

// ratio is a bar on the engine beside another side.
func ratio(scenario, metric string, limit float64, base string) Bar {
	return Bar{Scenario: scenario, Side: "engine", Metric: metric, Measure: Ratio, Against: []string{base},
		Rule: stat.Rule{Limit: limit, Tolerance: stat.Tolerance}}
}

// lateShare allows one shot in a hundred more to be late than on the floor.
func lateShare(scenario string) Bar {
	return Bar{Scenario: scenario, Side: "engine", Metric: "late", Measure: Difference, Against: []string{"floor"},
		Unit: "points above floor", Rule: stat.Rule{Limit: 1}}
}

// neverEarly allows no early shot in any sample.
func neverEarly(scenario string) Bar {
	return Bar{Scenario: scenario, Side: "engine", Metric: "early", Measure: Worst, Unit: "shots in any sample"}
}

// hostBar compares HostAuto with the better of the two it chooses from.
func hostBar(column, metric string) Bar {
	return Bar{Scenario: "hosts/" + column, Side: "auto", Metric: metric, Measure: Ratio,
		Against: []string{"block", "park"}, Rule: stat.Rule{Limit: 1.1, Tolerance: stat.Tolerance}}
}
