package bench

import (
	"slices"
	"strconv"
	"time"
)

// A rate scenario is an echo server whose client sends requests at moments that
// are fixed beforehand, over connections in turn, and does not wait for answers.
// A request's latency counts from the moment at which it was due, also where the
// client was held up: a server that stalls for a while is late for all the
// requests of that time, not for one.
//
// The client never sleeps, so that it is in time; how often it was not is the
// metric client.
func rateScenarios() []Scenario {
	return []Scenario{rate(1000, 2500), rate(20_000, 25_000)}
}

func rate(perSecond, requests int64) Scenario {
	text := strconv.FormatInt(perSecond, 10)
	return Scenario{
		Name:        "rate/" + text,
		Description: "an echo server under " + text + " requests of 64 bytes a second, over 64 connections",
		Params: Params{
			"connections": 64, "interval_ns": int64(time.Second) / perSecond, "requests": requests, "warmup": requests / 10,
		},
		Quick:   Params{"requests": requests / 4, "warmup": requests / 20},
		Work:    "requests",
		Metrics: []Metric{cpuPerRequest, p50, p90, p99, {Name: "late", Unit: "% > 1 ms"}, {Name: "client", Unit: "% sent late"}},
		Sides:   connected(driveRate, "echo", "tcp", slices.Insert(slices.Clone(everySide), 2, "floor-yields")...),
		Place:   onOneCore,
	}
}

// rateLimit is from when on an answer counts as late.
const rateLimit = time.Millisecond
