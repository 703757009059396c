package bench

import (
	"slices"
	"strconv"
)

// A datagram scenario is a server of UDP, and a client on the other core that keeps
// a window of datagrams under way, from one socket. It sends when half of the window
// is free: a server finds half a window at once, whatever it does with that.
func datagramScenarios() []Scenario {
	joined := datagrams(32)
	joined.Name = "udp/echo-32-offload"
	joined.Description = "the same, with Offload: what goes to one peer passes through the kernel as one"
	joined.Sides = slices.Concat(connected(driveDatagrams, "joined", "udp", "engine"), joined.Sides[1:])
	return []Scenario{datagrams(1), datagrams(32), joined, drain(32)}
}

func datagrams(window int64) Scenario {
	text := strconv.FormatInt(window, 10)
	return Scenario{
		Name:        "udp/echo-" + text,
		Description: "a server that sends back datagrams of 64 bytes: a window of " + text,
		Params:      Params{"window": window, "size": 64, "requests": 150_000, "warmup": 15_000},
		Quick:       Params{"requests": 15_000, "warmup": 3000},
		Work:        "requests",
		Metrics:     []Metric{cpuPerRequest, timePerRequest, clientBusy},
		Sides:       append(connected(driveDatagrams, "datagrams", "udp", "engine", "floor", "net", "gnet", "asyncio", "uvloop"), noDatagrams()...),
		Place:       onOneCore,
	}
}

// drain is datagrams one way.
func drain(window int64) Scenario {
	sc := datagrams(window)
	sc.Name = "udp/drain-" + strconv.FormatInt(window, 10)
	sc.Description = "a server that counts datagrams of 64 bytes, and answers the last of each " + strconv.FormatInt(window, 10)
	sc.Sides = append(connected(driveDrain, "drain", "udp", "engine", "net", "gnet", "asyncio", "uvloop"), noDatagrams()...)
	return sc
}

func noDatagrams() []Side {
	return []Side{lacking("netpoll", "has no datagrams"), lacking("nbio", "has a connection for each peer of UDP")}
}
