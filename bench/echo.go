package bench

// An echo scenario is a server on loopback TCP in the measured process, and a
// client process on the other core that keeps one request under way on each of
// its connections:
//
//	client:  write a request, read the answer, compare each byte, again
//	server:  read, write back
//
// The headline is the server's processor time, system time included: the wall
// time is that of whichever process is slower. The client reads the server's
// processor clock before the first and after the last measured request, so that
// start-up, warm-up and exit stay out of it, and no side has to tell them apart.
func echoScenarios() []Scenario {
	return []Scenario{
		echo("64x64", "64 connections with a request of 64 bytes under way on each",
			Params{"connections": 64, "requests": 400_000, "script_requests": 100_000, "warmup": 10_000},
			Params{"requests": 20_000, "script_requests": 10_000, "warmup": 2_000}),
		echo("1x64", "one connection, one request of 64 bytes after the other",
			Params{"connections": 1, "requests": 50_000, "script_requests": 20_000, "warmup": 2_000},
			Params{"requests": 4_000, "script_requests": 2_000, "warmup": 500}),
	}
}

func echo(load, description string, full, quick Params) Scenario {
	return Scenario{
		Name:        "echo/tcp-" + load,
		Description: "a TCP server that sends back what it gets: " + description,
		Params:      Params{"size": 64}.with(full),
		Quick:       quick,
		Work:        "requests",
		Metrics:     []Metric{cpuPerRequest, {Name: "time", Unit: "us/request"}},
		Sides:       echoSides(),
		Place:       onOneCore,
		Helper:      echoClient,
	}
}
