package bench

import "github.com/shardloop/shardloop/bench/servers"

// pipelineDepth is how many requests a client sends at once.
const pipelineDepth = 16

// A pipelined scenario is an echo whose client sends many small requests in one
// piece and waits for all the answers. The server answers each request by a call
// of its own, so that the number of system calls is the library's doing. The
// floor writes once for each read, which is as good as it gets.
func pipelinedScenarios() []Scenario {
	return []Scenario{{
		Name:        "echo/pipelined-16",
		Description: "a server that answers each of 16 requests of 64 bytes by a call of its own: 64 connections",
		Params:      Params{"connections": 64, "requests": 1_000_000, "warmup": 100_000},
		Quick:       Params{"requests": 100_000, "warmup": 20_000},
		Work:        "requests",
		Metrics:     []Metric{cpuPerRequest, timePerRequest, writesPerRequest, readsPerRequest, clientBusy},
		Sides:       connected(drivePipelined, "pipelined", "tcp", "engine", "floor", "net"),
		Place:       onOneCore,
	}}
}

// pipelinedSize is what the client sends at once.
const pipelinedSize = pipelineDepth * servers.PipelinedSize
