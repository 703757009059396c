package bench

// A bulk scenario is one connection that carries bytes one way: to a server that
// counts them, or from one that sends as fast as its client reads.
func bulkScenarios() []Scenario {
	const unbounded = "queues without bound what its client does not take, and does not say when all has gone"
	source := bulk("source", "from a server that sends as its client keeps up", driveSource,
		"engine", "floor", "net", "netpoll", "asyncio", "uvloop")
	source.Sides = append(source.Sides, lacking("gnet", unbounded), lacking("nbio", unbounded))
	return []Scenario{bulk("sink", "to a server that reads and discards", driveSink, everySide...), source}
}

func bulk(role, description string, drive driver, sides ...string) Scenario {
	return Scenario{
		Name:        "bulk/tcp-" + role,
		Description: "one connection, one way: " + description,
		Params:      Params{"mib": 1024, "warmup": 64},
		Quick:       Params{"mib": 64, "warmup": 8},
		Work:        "mib",
		Metrics: []Metric{{Name: "cpu", Unit: "us/MiB"}, {Name: "time", Unit: "us/MiB"},
			{Name: "writes", Unit: "calls/MiB"}, {Name: "reads", Unit: "calls/MiB"}, clientBusy},
		Sides: connected(drive, role, "tcp", sides...),
		Place: onOneCore,
	}
}
