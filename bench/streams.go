package bench

import "github.com/shardloop/shardloop/bench/servers"

// A streams scenario is an echo whose server reads request by request, in coroutine
// style: by ReadLine or ReadExactly in a task, by bufio on a goroutine of package
// net, by asyncio's StreamReader. The client sends 16 requests in one piece, so that
// it is the reading that is measured rather than the system calls; it drives the
// floor, which looks at nothing, in the same way.
func streamScenarios() []Scenario {
	return []Scenario{
		streamScenario("readline", "reads lines of 64 bytes"),
		streamScenario("readexactly", "reads 64 bytes at a time"),
	}
}

func streamScenario(role, does string) Scenario {
	return Scenario{
		Name:        "streams/" + role,
		Description: "a server that " + does + " and sends each back: 64 connections, 16 requests at once on each",
		Params:      Params{"connections": 64, "requests": 1_000_000, "warmup": 100_000},
		Quick:       Params{"requests": 100_000, "warmup": 20_000},
		Work:        "requests",
		Metrics:     []Metric{cpuPerRequest, timePerRequest, writesPerRequest, readsPerRequest, clientBusy},
		Sides:       connected(driveStreams, role, "tcp", "engine", "floor", "net", "asyncio", "uvloop"),
		Place:       onOneCore,
	}
}

// streamSize is the size of a request, the newline of a line included.
const streamSize = servers.PipelinedSize
