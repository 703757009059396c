package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/shardloop/shardloop/bench/servers"
	"github.com/shardloop/shardloop/internal/leak"
)

// sampleArg makes this test binary a sample process, serveArg a server.
const (
	sampleArg = "sample-of-test"
	serveArg  = "serve-of-test"
)

func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == sampleArg {
		err := runSample(context.Background(), append(fakes(), tiny(Scenarios())...), os.Args[2], os.Stdout)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(3)
		}
		return
	}
	if len(os.Args) == 6 && os.Args[1] == serveArg {
		if err := servers.Serve(context.Background(), servers.Libraries(), os.Args[2:], os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if os.Getenv(peersVariable) == "" {
		os.Setenv(peersVariable, filepath.Join("..", peersFile))
	}
	// The race detector's runtime sleeps for a second at the end of each
	// process, and every sample is one.
	os.Setenv("GORACE", os.Getenv("GORACE")+" atexit_sleep_ms=0")
	leak.Main(m)
}

// testConfig runs samples in this test binary.
func testConfig(t *testing.T, scenarios ...Scenario) Config {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Config{Command: []string{exe, sampleArg}, Serve: []string{exe, serveArg}, Scenarios: scenarios, Seed: 1}
}

// fakes are scenarios whose samples are known beforehand. The seed of the test
// configuration is 1, so that a sample's seed is its round plus one.
func fakes() []Scenario {
	metrics := []Metric{{Name: "time", Unit: "ns"}}
	constant := func(v float64) func(context.Context, Task) (Metrics, error) {
		return func(context.Context, Task) (Metrics, error) { return Metrics{"time": v}, nil }
	}
	return []Scenario{
		{Name: "fake/two", Metrics: metrics, Place: onOneCore, Sides: []Side{
			{Name: "engine", Kind: Engine, Run: constant(3)},
			{Name: "floor", Kind: Floor, Run: constant(2)},
		}},
		{Name: "fake/wavering", Metrics: metrics, Place: onOneCore, Sides: []Side{
			{Name: "engine", Kind: Engine, Run: func(_ context.Context, t Task) (Metrics, error) {
				return Metrics{"time": 1 + float64(t.Seed%2)}, nil
			}},
			{Name: "floor", Kind: Floor, Run: constant(1)},
		}},
		{Name: "fake/failing", Metrics: metrics, Place: onOneCore, Sides: []Side{
			{Name: "engine", Kind: Engine, Run: constant(3)},
			{Name: "floor", Kind: Floor, Run: func(context.Context, Task) (Metrics, error) {
				return nil, errors.New("the reason")
			}},
		}},
		{Name: "fake/shaky", Metrics: metrics, Place: onOneCore, Sides: []Side{
			{Name: "engine", Kind: Engine, Run: constant(3)},
			{Name: "other", Kind: Peer, Run: failedOnce},
		}},
		{Name: "fake/lonely", Metrics: metrics, Place: onOneCore, Sides: []Side{
			{Name: "engine", Kind: Engine, Run: constant(3)},
			missing("other", Peer, "not invented yet"),
		}},
		{Name: "fake/idle", Metrics: metrics, Place: onOneCore, Idle: true, Sides: []Side{
			{Name: "engine", Kind: Engine, Run: constant(1)},
			{Name: "floor", Kind: Floor, Run: constant(1)},
		}},
	}
}

// failedVariable names a file that tells that failedOnce has failed.
const failedVariable = "LOOPBENCH_FAILED"

func failedOnce(context.Context, Task) (Metrics, error) {
	f, err := os.OpenFile(os.Getenv(failedVariable), os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return Metrics{"time": 1}, nil
	}
	return nil, errors.Join(errors.New("the first time"), f.Close())
}

// fake returns one of them.
func fake(t *testing.T, name string) Scenario {
	t.Helper()
	for _, sc := range fakes() {
		if sc.Name == "fake/"+name {
			return sc
		}
	}
	t.Fatalf("no fake scenario %q", name)
	return Scenario{}
}

// tiny is the suite with so little work that only its working is tested.
func tiny(scenarios []Scenario) []Scenario {
	small := Params{
		"rounds": 2, "size": 100, "steps": 500, "posts": 4096, "wakeups": 5, "asleep_ns": 100_000, "trips": 50,
		"live": 500, "ops": 500, "shots": 10, "others": 100, "for_ns": 20_000_000, "requests": 20, "warmup": 2, "connections": 3, "interval_ns": 1_000_000,
		"window": 2, "opened": 10, "messages": 30, "mib": 1, "parked": 200,
		"script_rounds": 1, "script_steps": 100, "script_posts": 2048, "script_trips": 20, "script_ops": 100,
		"script_requests": 20, "script_mib": 1,
	}
	for i := range scenarios {
		for name := range scenarios[i].Params {
			if v, ok := small[name]; ok {
				scenarios[i].Params[name] = v
			}
		}
	}
	return scenarios
}
