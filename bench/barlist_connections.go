package bench

import (
	"slices"

	"github.com/shardloop/shardloop/bench/stat"
)

// connectionBars are the bars of scenarios with servers. In a scenario's list the
// sides that no bar needs are sampled a few times only (Bars).
func connectionBars() []Bar {
	return slices.Concat(
		echoBars("echo/tcp-64x64"),
		echoBars("echo/tcp-1024x64"),
		rateBars("rate/1000"),
		rateBars("rate/20000"),
		[]Bar{
			atMost("echo/pipelined-16", "writes", 1.0/12, "calls/request"),
			beside("echo/pipelined-16", "cpu", 1.08, "floor"),
			beside("echo/pipelined-16", "cpu", 0.95, "net"),

			beside("accept/tcp", "cpu", 1.08, "floor"),
			below("accept/tcp", "cpu", "net"),

			atMost("idle/tcp-19000", "heap", 400, "B/connection"),
			atMost("idle/tcp-19000", "resident", 1024, "B/connection"),

			atMost("posts/connections", "writes", 0.1, "calls/message"),
			atMost("posts/connections", "allocs", 0, "allocs/message"),
			beside("posts/connections", "cpu", 0.3, "gnet"),

			beside("udp/echo-32", "cpu", 1.08, "floor"),
			beside("udp/echo-32", "cpu", 0.9, "net"),
			beside("udp/echo-32-offload", "cpu", 0.65, "net"),

			atMost("group/accept-spread-kernel", "spread", 1.08, "max/mean"),
			atMost("group/accept-spread-least", "spread", 1.01, "max/mean"),
		},
	)
}

func echoBars(scenario string) []Bar {
	return []Bar{
		beside(scenario, "cpu", 1.08, "floor"),
		below(scenario, "cpu", "net"),
		below(scenario, "cpu", "netpoll"),
		below(scenario, "cpu", "gnet"),
		below(scenario, "cpu", "nbio"),
	}
}

func rateBars(scenario string) []Bar {
	return []Bar{
		below(scenario, "cpu", "net"),
		below(scenario, "cpu", "netpoll"),
		beside(scenario, "cpu", 1.0, "gnet"),
		ratio(scenario, "p50", 1.1, "floor"),
		ratio(scenario, "p90", 1.1, "floor"),
		lateShare(scenario),
	}
}

// beside is ratio where a metric has several bars.
func beside(scenario, metric string, limit float64, base string) Bar {
	b := ratio(scenario, metric, limit, base)
	b.Tag = "x " + base
	return b
}

// below wants the whole interval under the other side.
func below(scenario, metric, base string) Bar {
	return Bar{Scenario: scenario, Side: "engine", Metric: metric, Measure: Ratio, Against: []string{base},
		Rule: stat.Rule{Sense: stat.Below, Limit: 1}, Tag: "below " + base}
}
