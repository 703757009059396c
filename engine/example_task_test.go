package engine_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// Run makes a loop for main, and cleans up behind it.
func ExampleRun() {
	answer, err := engine.Run(context.Background(), func(ctx context.Context) (int, error) {
		if err := engine.Sleep(ctx, time.Millisecond); err != nil {
			return 0, err
		}
		return 42, nil
	}, engine.Config{})
	fmt.Println(answer, err)
	// Output: 42 <nil>
}

// example runs main on a loop of its own.
func example(main func(ctx context.Context, loop *engine.Loop) error) {
	_, err := engine.Run(context.Background(), func(ctx context.Context) (struct{}, error) {
		loop, err := engine.RunningLoop()
		if err != nil {
			return struct{}{}, err
		}
		return struct{}{}, main(ctx, loop)
	}, engine.Config{})
	if err != nil {
		fmt.Println("main:", err)
	}
}

// double is a coroutine that takes a turn of the loop.
func double(n int) func(ctx context.Context) (int, error) {
	return func(ctx context.Context) (int, error) { return 2 * n, engine.Sleep(ctx, 0) }
}

// A task begins when its maker waits.
func ExampleCreateTask() {
	example(func(ctx context.Context, loop *engine.Loop) error {
		task := engine.CreateTask(loop, func(ctx context.Context) (string, error) {
			fmt.Println("the task runs as", engine.CurrentTask(ctx).Name())
			return "done", nil
		}, engine.TaskOptions{Name: "worker"})
		fmt.Println("made", task.Name())
		result, err := engine.Await(ctx, task)
		fmt.Println(result, err)
		return nil
	})
	// Output:
	// made worker
	// the task runs as worker
	// done <nil>
}

// A future is a result that somebody else brings.
func ExampleAwait() {
	example(func(ctx context.Context, loop *engine.Loop) error {
		future := engine.NewFuture[string](loop)
		loop.CallLater(time.Millisecond, func() { future.SetResult("from a callback") })
		result, err := engine.Await(ctx, future)
		fmt.Println(result, err)
		return nil
	})
	// Output: from a callback <nil>
}

// The results come in the order of the arguments.
func ExampleGather() {
	example(func(ctx context.Context, loop *engine.Loop) error {
		one := engine.CreateTask(loop, double(1), engine.TaskOptions{})
		two := engine.CreateTask(loop, double(2), engine.TaskOptions{})
		results, err := engine.Await(ctx, engine.Gather(one, two))
		fmt.Println(results, err)
		return nil
	})
	// Output: [2 4] <nil>
}

// At the limit the task is cancelled, and may clean up.
func ExampleWaitFor() {
	example(func(ctx context.Context, loop *engine.Loop) error {
		slow := engine.CreateTask(loop, func(ctx context.Context) (int, error) {
			defer fmt.Println("cleaned up")
			return 0, engine.Sleep(ctx, time.Hour)
		}, engine.TaskOptions{})
		_, err := engine.WaitFor(ctx, slow, time.Millisecond)
		fmt.Println(err, errors.Is(err, context.DeadlineExceeded))
		return nil
	})
	// Output:
	// cleaned up
	// timed out true
}

// A limit for several waits. The task itself is not cancelled.
func ExampleTimeout() {
	example(func(ctx context.Context, loop *engine.Loop) error {
		limited, cancel := engine.Timeout(ctx, time.Millisecond)
		defer cancel()
		fmt.Println(engine.Sleep(limited, 0))
		fmt.Println(engine.Sleep(limited, time.Hour))
		fmt.Println(engine.Sleep(ctx, 0))
		return nil
	})
	// Output:
	// <nil>
	// timed out
	// <nil>
}

// The wait for a shield can be cancelled without what it guards.
func ExampleShield() {
	example(func(ctx context.Context, loop *engine.Loop) error {
		save := engine.CreateTask(loop, double(21), engine.TaskOptions{})
		_, err := engine.WaitFor(ctx, engine.Shield(save), 0)
		fmt.Println("the wait:", err)
		saved, err := engine.Await(ctx, save)
		fmt.Println("the work:", saved, err)
		return nil
	})
	// Output:
	// the wait: timed out
	// the work: 42 <nil>
}

// Other goroutines submit their coroutines and wait like for anything else.
func ExampleSubmit() {
	example(func(ctx context.Context, loop *engine.Loop) error {
		answers := engine.NewFuture[int](loop)
		go func() {
			answer, err := engine.Submit(loop, double(21)).Wait(context.Background())
			answers.Complete(answer, err)
		}()
		answer, err := engine.Await(ctx, answers)
		fmt.Println(answer, err)
		return nil
	})
	// Output: 42 <nil>
}

// A generator's body may wait. Range over All closes it.
func ExampleAsyncGen() {
	example(func(ctx context.Context, loop *engine.Loop) error {
		countdown := engine.NewAsyncGen(loop, func(ctx context.Context, yield func(int) bool) error {
			defer fmt.Println("closed")
			for i := 3; yield(i); i-- {
				if err := engine.Sleep(ctx, time.Millisecond); err != nil {
					return err
				}
			}
			return nil
		})
		for i, err := range countdown.All(ctx) {
			if err != nil {
				return err
			}
			if fmt.Println(i); i == 2 {
				break
			}
		}
		return nil
	})
	// Output:
	// 3
	// 2
	// closed
}

// A loop may be run for one coroutine after the other.
func ExampleRunUntilComplete() {
	loop, err := engine.NewEventLoop(engine.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer loop.Close()
	for i := range 3 {
		fmt.Println(engine.RunUntilComplete(loop, double(i)))
	}
	// Output:
	// 0 <nil>
	// 2 <nil>
	// 4 <nil>
}

// Generators that a run has left are closed before the loop is.
func ExampleLoop_ShutdownAsyncGens() {
	loop, err := engine.NewEventLoop(engine.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer loop.Close()
	defer engine.RunUntilComplete(loop, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, loop.ShutdownAsyncGens(ctx)
	})

	ticks := engine.NewAsyncGen(loop, func(ctx context.Context, yield func(string) bool) error {
		defer func() { fmt.Println("the generator is closed:", !loop.IsClosed()) }()
		for yield("tick") {
		}
		return nil
	})
	engine.CreateTask(loop, func(ctx context.Context) (struct{}, error) {
		fmt.Println(ticks.Next(ctx))
		loop.Stop()
		return struct{}{}, nil
	}, engine.TaskOptions{})
	if err := loop.RunForever(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// tick <nil>
	// the generator is closed: true
}
