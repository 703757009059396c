package bench

import "strconv"

// An echo scenario is a server that sends back what it gets, and a client on the
// other core that keeps one request under way on each of its connections:
//
//	client:  write a request, read the answer, compare each byte, again
//	server:  read, write back
//
// The headline is the server's processor time, system time included: the wall
// time is that of whichever process is slower. The client, which is the sample
// process, reads the server's clock before the first and after the last measured
// request, so that start-up, warm-up and exit stay out of it. How busy it was
// itself is the metric client: a server whose client is always busy waits for it,
// and pays for more wake-ups than it would otherwise.
func echoScenarios() []Scenario {
	var out []Scenario
	for _, connections := range []int64{1, 64, 1024} {
		for _, size := range []int64{64, 4096, 65536} {
			out = append(out, echo("tcp", connections, size))
		}
	}
	return append(out, echo("unix", 64, 64))
}

// everySide is all sides that there are.
var everySide = []string{"engine", "floor", "net", "netpoll", "gnet", "nbio", "asyncio", "uvloop"}

var (
	timePerRequest   = Metric{Name: "time", Unit: "us/request"}
	writesPerRequest = Metric{Name: "writes", Unit: "calls/request"}
	readsPerRequest  = Metric{Name: "reads", Unit: "calls/request"}
	clientBusy       = Metric{Name: "client", Unit: "% busy"}
)

func echo(network string, connections, size int64) Scenario {
	// About a second on a server of a dozen microseconds a request and three
	// gigabytes a second.
	requests := 1_000_000_000 / (12_000 + size*2/3)
	if connections == 1 {
		requests /= 3
	}
	requests = requests / 1000 * 1000
	return Scenario{
		Name: "echo/" + network + "-" + strconv.FormatInt(connections, 10) + "x" + strconv.FormatInt(size, 10),
		Description: "a server that sends back what it gets, over " + network + ": " + strconv.FormatInt(connections, 10) +
			" connections with a request of " + strconv.FormatInt(size, 10) + " bytes under way on each",
		Params:  Params{"connections": connections, "size": size, "requests": requests, "warmup": requests / 10},
		Quick:   Params{"requests": requests / 10, "warmup": requests / 50},
		Work:    "requests",
		Metrics: []Metric{cpuPerRequest, timePerRequest, writesPerRequest, readsPerRequest, clientBusy},
		Sides:   connected(driveEcho, "echo", network, everySide...),
		Place:   onOneCore,
	}
}
