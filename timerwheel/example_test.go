package timerwheel_test

import (
	"fmt"
	"math"
	"time"

	"github.com/shardloop/shardloop/timerwheel"
)

// The owner keeps what belongs to a timer in a slice indexed by ID, reads its
// own clock, and sleeps until the next deadline.
func Example() {
	var w timerwheel.Wheel
	var names []string
	after := func(d time.Duration, name string) timerwheel.ID {
		id := w.Add(int64(d))
		for int(id) >= len(names) {
			names = append(names, "")
		}
		names[id] = name
		return id
	}

	after(3*time.Second, "tea")
	nap := after(20*time.Minute, "nap")
	toast := after(2*time.Second, "toast")
	after(3*time.Second, "biscuits")
	w.Move(nap, int64(time.Second))
	w.Cancel(toast)

	for {
		next, ok := w.Next()
		if !ok {
			break
		}
		fmt.Println("sleep until", time.Duration(next))
		for now := next; ; {
			id, when, due := w.Pop(now + 1)
			if !due {
				break
			}
			fmt.Println("  ", time.Duration(when), names[id])
		}
	}
	// Output:
	// sleep until 1s
	//    1s nap
	// sleep until 3s
	//    3s tea
	//    3s biscuits
}

// Every int64 is a deadline, and distances do not matter.
func ExampleWheel_Pop() {
	var w timerwheel.Wheel
	w.Add(math.MaxInt64 - 1)
	w.Add(math.MinInt64)
	w.Add(0)
	for {
		_, when, ok := w.Pop(math.MaxInt64)
		if !ok {
			break
		}
		fmt.Println(when)
	}
	// Output:
	// -9223372036854775808
	// 0
	// 9223372036854775806
}
