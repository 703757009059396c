package bench

// A scenario of posts to connections is a server where a goroutine that has
// nothing to do with the connections sends small messages to all of them in turn,
// as fast as it can. The first message wakes the loop; from then on it is awake,
// because more is waiting whenever it looks.
func crosspostScenarios() []Scenario {
	return []Scenario{{
		Name:        "posts/connections",
		Description: "messages of 64 bytes from another goroutine to 1,000 connections in turn",
		Params:      Params{"connections": 1000, "messages": 100_000, "warmups": 5, "bursts": 4},
		Quick:       Params{"messages": 20_000},
		Work:        "messages",
		Metrics: []Metric{{Name: "cpu", Unit: "us/message"}, {Name: "time", Unit: "us/message"},
			{Name: "writes", Unit: "calls/message"}, {Name: "allocs", Unit: "allocs/message"}, clientBusy},
		Sides: connected(driveCrossposts, "posts", "tcp", "engine", "net", "gnet", "nbio"),
		Place: onOneCore,
	}}
}
