package bench

import "time"

// A hosts scenario is one server process with one descriptor and one client
// process on a socket pair, request by request:
//
//	client:  write 64 bytes, read the answer, wait out the gap, again
//	server:  a loop whose reader callback reads and writes back
//
// The client sends markers before the first and after the last measured
// request; the server's processor time is read when they arrive, so that
// start-up, warm-up and exit stay out of it.
//
// The columns: quiet has no gap, so the server is hardly ever asleep for long.
// sparse has a request each millisecond, so that every request finds it asleep.
// burners adds two goroutines that compute without end in the server process
// (GOMAXPROCS 2, nothing pinned: they would otherwise share the client's core by
// decree) and a 500 us gap. There the burners take whatever is left, so the
// process's time says nothing: they lock their threads, and the CPU figure is
// the process's time less that of those two threads, which is the loop and the
// scheduling it causes. Latencies do not tell locked burners from others: p50 was
// 37 to 40 us with and 42 to 44 us without the locks for a blocked loop, 10 to
// 20 ms either way for a parked one.
//
// The poller sides drive a bare poller with the two ways to wait. They show
// what the reactor above it adds, and what HostAuto has to choose from.
func hostScenarios() []Scenario {
	return []Scenario{
		hosts("quiet", "request and response without pause", "requests", onOneCore,
			Params{"requests": 8000, "gap_ns": 0, "every_ns": 0, "burners": 0, "warmup": 500},
			Params{"requests": 4000}),
		hosts("sparse", "one request per millisecond", "requests", onOneCore,
			Params{"requests": 800, "gap_ns": 0, "every_ns": int64(time.Millisecond), "burners": 0, "warmup": 20},
			Params{"requests": 200, "warmup": 5}),
		hosts("burners", "beside two goroutines that compute without end, 500 us between requests", "for_ns", onAllCores,
			Params{"requests": 1 << 30, "gap_ns": int64(500 * time.Microsecond), "every_ns": 0, "burners": 2, "warmup": 5,
				"for_ns": int64(2500 * time.Millisecond)},
			Params{"for_ns": int64(500 * time.Millisecond)}),
	}
}

var cpuPerRequest = Metric{Name: "cpu", Unit: "us/request"}

func hosts(column, description, work string, place Placement, full, quick Params) Scenario {
	return Scenario{
		Name:        "hosts/" + column,
		Description: "how the loop waits: " + description,
		Params:      Params{"for_ns": int64(time.Minute)}.with(full),
		Quick:       quick,
		Work:        work,
		Metrics:     []Metric{cpuPerRequest, p50, p90, p99},
		Sides:       hostSides(),
		Place:       place,
		Helper:      hostClient,
	}
}
