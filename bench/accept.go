package bench

// An accept scenario is an echo server whose client makes connections, several
// at a time: it connects, exchanges one message, and closes by a reset, which
// leaves no connection behind in the kernel.
func acceptScenarios() []Scenario {
	return []Scenario{{
		Name:        "accept/tcp",
		Description: "a server of connections that exchange 64 bytes and are reset, 32 at a time",
		Params:      Params{"window": 32, "size": 64, "opened": 20_000, "warmup": 2000},
		Quick:       Params{"opened": 2000, "warmup": 200},
		Work:        "opened",
		Metrics: []Metric{{Name: "cpu", Unit: "us/connection"}, {Name: "time", Unit: "us/connection"},
			{Name: "writes", Unit: "calls/connection"}, {Name: "reads", Unit: "calls/connection"}, clientBusy},
		Sides: connected(driveAccept, "echo", "tcp", "engine", "floor", "net", "netpoll", "gnet", "nbio"),
		Place: onOneCore,
	}}
}
