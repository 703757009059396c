package bench

import (
	"slices"
	"strconv"
)

// Scenarios of several loops are servers of the group roles of package servers.
// On fewer cores than loops, and a client that needs one of them, they tell what
// several loops cost and how they share the work, not how much faster they are.
func loopsScenarios() []Scenario {
	return slices.Concat(spreadScenarios(), []Scenario{
		scaling(1), scaling(2), scaling(4), stalledScenario(), handOverScenario(), acrossScenario(),
		crossPostScenario(), eachScenario(),
	})
}

// loopsOnOneCore is for servers with several loops on the core of a server. Each
// loop may run at any time, as far as the Go scheduler is concerned.
func loopsOnOneCore(loops int) Placement { return Placement{Procs: loops, Cores: OneCore} }

// titled is a side under another name than its library's.
func titled(name string, s Side) Side {
	s.Name = name
	return s
}

// spreadScenarios hold connections open and ask each which loop it is on.
func spreadScenarios() []Scenario {
	const noLoops = "has no loops to count on"
	var out []Scenario
	for _, balance := range []struct{ name, text string }{
		{"kernel", "between which the kernel chooses"}, {"least", "the one with the fewest first"},
	} {
		out = append(out, Scenario{
			Name:        "group/accept-spread-" + balance.name,
			Description: "10,000 connections over 4 loops, " + balance.text + ": the fullest loop beside the mean",
			Params:      Params{"connections": 10_000, "loops": 4, "size": 64},
			Quick:       Params{"connections": 2000},
			Work:        "connections",
			Metrics:     []Metric{{Name: "spread", Unit: "max/mean"}},
			Sides: append(connected(driveSpread, balance.name+"-4", "tcp", "engine", "gnet"),
				lacking("net", noLoops), lacking("netpoll", "does not tell which poller a connection is on"),
				lacking("nbio", "does not tell which poller a connection is on")),
			Place: loopsOnOneCore(4),
		})
	}
	return out
}

// scaling is an echo on one loop or several, which share all cores with the client.
func scaling(loops int) Scenario {
	n := strconv.Itoa(loops)
	sc := echo("tcp", 64, 64)
	sc.Name = "group/scaling-" + n
	sc.Description = "a server that sends back what it gets on " + n + " loops, 64 connections with a request of 64 bytes " +
		"under way on each; client and loops share all cores, of which there may be fewer than loops"
	role := "loops-" + n
	sc.Sides = slices.Concat(connected(driveEcho, role, "tcp", "engine"), connected(driveEcho, "echo", "tcp", "net"),
		connected(driveEcho, role, "tcp", "netpoll", "gnet", "nbio"))
	sc.Place = Placement{Procs: loops, Cores: AllCores}
	return sc
}

// stalledScenario is a fixed rate of requests to four loops of which one sleeps
// again and again: what the connections of the other loops notice of it. The side
// calm is the engine without that.
func stalledScenario() Scenario {
	metrics := []Metric{{Name: "others-p50", Unit: "us"}, {Name: "others-p99", Unit: "us"}, p50, p99,
		{Name: "client", Unit: "% sent late"}}
	return Scenario{
		Name: "group/stalled-shard",
		Description: "5000 requests of 64 bytes a second to 4 loops, one of which is held up for 5 ms in every 50 ms: " +
			"latency on the other loops, and on all",
		Params:  Params{"connections": 64, "interval_ns": 200_000, "requests": 10_000, "warmup": 1000},
		Quick:   Params{"requests": 2500, "warmup": 250},
		Work:    "requests",
		Metrics: metrics,
		Sides: slices.Concat(connected(driveStalled, "stalled-4", "tcp", "engine"),
			[]Side{titled("calm", connectedSide(driveStalled, Server{Library: "engine", Role: "least-4", Network: "tcp"}))},
			connected(driveStalled, "stalled-4", "tcp", "gnet"),
			[]Side{lacking("net", "has no shards: who sleeps is a goroutine, and holds up one connection"),
				lacking("netpoll", "runs handlers in a pool of goroutines, not on its pollers")}),
		Place: loopsOnOneCore(4),
	}
}

// handOverScenario is accept/tcp on four loops, of which one accepts for all or
// each for itself, and on one.
func handOverScenario() Scenario {
	sc := acceptScenarios()[0]
	sc.Name = "group/hand-over"
	sc.Description = "connections that exchange 64 bytes and are reset, 32 at a time: accepted by one loop for 4 (least), " +
		"by each of 4 (kernel), and by the only one"
	on := func(name, role string) Side {
		return titled(name, connectedSide(driveAccept, Server{Library: "engine", Role: role, Network: "tcp"}))
	}
	sc.Sides = slices.Concat([]Side{on("least", "least-4"), on("kernel", "kernel-4"), on("one", "loops-1")},
		connected(driveAccept, "echo", "tcp", "net"), connected(driveAccept, "least-4", "tcp", "gnet"))
	sc.Place = loopsOnOneCore(4)
	return sc
}

// acrossScenario is posts/connections with a loop that posts, to connections of
// another one: half of all. In package net, where nothing is a loop, a goroutine
// posts to all.
func acrossScenario() Scenario {
	sc := crosspostScenarios()[0]
	sc.Name = "group/cross-write"
	sc.Description = "messages of 64 bytes from one loop to the connections of another one in turn, which are 500 of 1,000"
	sc.Sides = slices.Concat(connected(driveAcross, "across-2", "tcp", "engine"), connected(driveCrossposts, "posts", "tcp", "net"),
		connected(driveAcross, "across-2", "tcp", "gnet"))
	sc.Place = loopsOnOneCore(2)
	return sc
}
