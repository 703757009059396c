package engine_test

import (
	"fmt"
	"log"
	"time"

	"github.com/shardloop/shardloop/engine"
	"github.com/shardloop/shardloop/poller/simpoll"
)

// A timer that arms itself anew ticks. The simulated poller here lets an hour
// pass at once.
func ExampleLoop_Schedule() {
	loop, err := engine.NewEventLoop(engine.Config{Poller: simpoll.New()})
	if err != nil {
		log.Fatal(err)
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
	if err := loop.RunForever(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 1h0m0s
	// 2h0m0s
	// 3h0m0s
}

// Other goroutines hand their work to the loop, which it wakes up for.
func ExampleLoop_CallSoonThreadsafeArg() {
	loop, err := engine.NewEventLoop(engine.Config{Poller: simpoll.New()})
	if err != nil {
		log.Fatal(err)
	}
	defer loop.Close()

	go func() {
		loop.CallSoonThreadsafeArg(func(arg any) {
			fmt.Println(arg)
			loop.Stop()
		}, "on the loop")
	}()
	if err := loop.RunForever(); err != nil {
		log.Fatal(err)
	}
	// Output: on the loop
}
