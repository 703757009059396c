//go:build unix

package engine_test

import (
	"fmt"
	"log"
	"os"
	"syscall"
	"time"

	"github.com/shardloop/shardloop/engine"
	"github.com/shardloop/shardloop/poller"
)

// A callback that prints once and ends the run.
func ExampleLoop_CallSoon() {
	loop, err := engine.NewEventLoop(engine.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer loop.Close()

	loop.CallSoon(func() {
		fmt.Println("Hello World")
		loop.Stop()
	})
	if err := loop.RunForever(); err != nil {
		log.Fatal(err)
	}
	// Output: Hello World
}

// A callback that comes back at fixed times until there is no time left. The
// deadlines are counted from the first one, so a late turn loses none.
func ExampleLoop_CallAt() {
	loop, err := engine.NewEventLoop(engine.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer loop.Close()

	const step = 10 * time.Millisecond
	when := loop.Time()
	end := when + 5*step
	var show func()
	show = func() {
		fmt.Println("the time is", when-end)
		if when += step; when < end {
			loop.CallAt(when, show)
			return
		}
		loop.Stop()
	}
	loop.CallSoon(show)
	if err := loop.RunForever(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// the time is -50ms
	// the time is -40ms
	// the time is -30ms
	// the time is -20ms
	// the time is -10ms
}

// One end of a pair of sockets is watched while the other is written to.
func ExampleLoop_AddReader() {
	loop, err := engine.NewEventLoop(engine.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer loop.Close()
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		log.Fatal(err)
	}
	defer syscall.Close(pair[0])
	defer syscall.Close(pair[1])

	err = loop.AddReader(pair[0], func() {
		data := make([]byte, 100)
		n, err := syscall.Read(pair[0], data)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("Received: %s\n", data[:n])
		fmt.Println("Removed:", loop.RemoveReader(pair[0]))
		loop.Stop()
	})
	if err != nil {
		log.Fatal(err)
	}
	loop.CallSoon(func() {
		if _, err := syscall.Write(pair[1], []byte("abc")); err != nil {
			log.Fatal(err)
		}
	})
	if err := loop.RunForever(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// Received: abc
	// Removed: true
}

// Signals end a run that would last an hour.
func ExampleLoop_AddSignalHandler() {
	loop, err := engine.NewEventLoop(engine.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer loop.Close()

	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		err := loop.AddSignalHandler(sig, func() {
			fmt.Printf("got signal %v: exit\n", sig)
			loop.Stop()
		})
		if err != nil {
			log.Fatal(err)
		}
	}
	loop.CallLater(time.Hour, func() { fmt.Println("an hour has passed") })
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		loop.CallSoon(func() {
			if err := syscall.Kill(os.Getpid(), sig); err != nil {
				log.Fatal(err)
			}
		})
		if err := loop.RunForever(); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// got signal interrupt: exit
	// got signal terminated: exit
}

// Work that blocks runs on the default pool, or on one of the program's own.
func ExampleRunInExecutor() {
	loop, err := engine.NewEventLoop(engine.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer loop.Close()
	blockingIO := func() (int, error) {
		f, err := os.Open(os.DevNull)
		if err != nil {
			return 0, err
		}
		return 100, f.Close()
	}
	sum := func() (total int, err error) {
		for i := range 1000 {
			total += i * i
		}
		return total, nil
	}

	result, err := engine.RunUntilDone(loop, engine.RunInExecutor(loop, nil, blockingIO))
	fmt.Println("default pool:", result, err)

	pool, err := engine.NewWorkerPool(2)
	if err != nil {
		log.Fatal(err)
	}
	result, err = engine.RunUntilDone(loop, engine.RunInExecutor(loop, pool, sum))
	fmt.Println("custom pool:", result, err)
	// Output:
	// default pool: 100 <nil>
	// custom pool: 332833500 <nil>
}

// pollPolicy makes loops on poll(2) and leaves everything else as it is.
type pollPolicy struct{ engine.DefaultPolicy }

func (pollPolicy) NewEventLoop(config engine.Config) (*engine.Loop, error) {
	selector := func() (poller.Poller, error) {
		fmt.Println("a loop on poll(2)")
		return engine.Poll()
	}
	return engine.NewSelectorEventLoop(selector, config)
}

// A policy decides what NewEventLoop makes.
func ExampleSetPolicy() {
	engine.SetPolicy(pollPolicy{})
	defer engine.SetPolicy(nil)
	loop, err := engine.NewEventLoop(engine.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer loop.Close()

	loop.CallSoon(func() {
		running, err := engine.RunningLoop()
		fmt.Println("the loop runs:", running == loop, err)
		loop.Stop()
	})
	if err := loop.RunForever(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// a loop on poll(2)
	// the loop runs: true <nil>
}

// What functools.partial does for callbacks with keyword arguments is a closure
// in Go.
func ExampleLoop_CallSoon_closure() {
	loop, err := engine.NewEventLoop(engine.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer loop.Close()

	show := func(text string, flush bool) { fmt.Println(text, flush) }
	loop.CallSoon(func() { show("Hello", true) })
	loop.CallSoon(loop.Stop)
	if err := loop.RunForever(); err != nil {
		log.Fatal(err)
	}
	// Output: Hello true
}
