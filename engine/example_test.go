package engine_test

import (
	"fmt"
	"time"

	"github.com/shardloop/shardloop/engine"
	"github.com/shardloop/shardloop/poller/simpoll"
)

// Callbacks run in the order in which they were scheduled, until Stop.
func Example() {
	loop, err := engine.NewEventLoop(engine.Config{Poller: simpoll.New()})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer loop.Close()

	say := func(arg any) { fmt.Println(arg) }
	loop.CallSoonArg(say, "hello")
	loop.CallSoonArg(say, "world")
	loop.CallSoonArg(func(any) { loop.Stop() }, nil)
	if err := loop.RunForever(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// hello
	// world
}

// A timer that arms itself anew ticks. The simulated poller here lets an hour
// pass at once.
func ExampleLoop_Schedule() {
	loop, err := engine.NewEventLoop(engine.Config{Poller: simpoll.New()})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer loop.Close()

	var tick engine.Timer
	tick.Init(func(any) {
		fmt.Println(loop.Time())
		if loop.Time() == 3*time.Hour {
			loop.Stop()
			return
		}
		loop.Schedule(&tick, tick.When()+time.Hour)
	}, nil)
	loop.Schedule(&tick, time.Hour)
	loop.RunForever()
	// Output:
	// 1h0m0s
	// 2h0m0s
	// 3h0m0s
}

// Other goroutines hand their work to the loop, which it wakes up for.
func ExampleLoop_CallSoonThreadsafeArg() {
	loop, err := engine.NewEventLoop(engine.Config{Poller: simpoll.New()})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer loop.Close()

	go func() {
		loop.CallSoonThreadsafeArg(func(any) {
			fmt.Println("on the loop")
			loop.Stop()
		}, nil)
	}()
	loop.RunForever()
	// Output:
	// on the loop
}
