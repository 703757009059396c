package engine_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// The programs of docs/coming-from-asyncio.md. The page shows their bodies.

type none = struct{}

func Example_hello() {
	engine.Run(context.Background(), func(ctx context.Context) (none, error) {
		fmt.Println("hello")
		err := engine.Sleep(ctx, 10*time.Millisecond)
		fmt.Println("world")
		return none{}, err
	}, engine.Config{})
	// Output:
	// hello
	// world
}

func Example_gather() {
	square := func(n int) func(context.Context) (int, error) {
		return func(ctx context.Context) (int, error) {
			return n * n, engine.Sleep(ctx, 10*time.Millisecond)
		}
	}
	engine.Run(context.Background(), func(ctx context.Context) (none, error) {
		loop, _ := engine.RunningLoop()
		var tasks []*engine.Task[int]
		for n := range 4 {
			tasks = append(tasks, engine.CreateTask(loop, square(n), engine.TaskOptions{}))
		}
		squares, err := engine.Await(ctx, engine.Gather(tasks...))
		fmt.Println(squares)
		return none{}, err
	}, engine.Config{})
	// Output: [0 1 4 9]
}

func Example_cancel() {
	work := func(ctx context.Context) (none, error) {
		defer fmt.Println("cleaned up")
		return none{}, engine.Sleep(ctx, time.Hour)
	}
	engine.Run(context.Background(), func(ctx context.Context) (none, error) {
		loop, _ := engine.RunningLoop()
		task := engine.CreateTask(loop, work, engine.TaskOptions{})
		engine.Sleep(ctx, 0)
		task.Cancel(nil)
		if _, err := engine.Await(ctx, task); errors.Is(err, engine.ErrCancelled) {
			fmt.Println("cancelled", task.Cancelled())
		}
		return none{}, nil
	}, engine.Config{})
	// Output:
	// cleaned up
	// cancelled true
}

func Example_timeout() {
	engine.Run(context.Background(), func(ctx context.Context) (none, error) {
		loop, _ := engine.RunningLoop()
		limited, cancel := engine.Timeout(ctx, 10*time.Millisecond)
		defer cancel()
		if err := engine.Sleep(limited, time.Hour); errors.Is(err, engine.ErrTimeout) {
			fmt.Println("too slow")
		}
		never := engine.NewFuture[int](loop)
		if _, err := engine.WaitFor(ctx, never, 10*time.Millisecond); errors.Is(err, engine.ErrTimeout) {
			fmt.Println("too slow again", never.Cancelled())
		}
		return none{}, nil
	}, engine.Config{})
	// Output:
	// too slow
	// too slow again true
}

func Example_futures() {
	engine.Run(context.Background(), func(ctx context.Context) (none, error) {
		loop, _ := engine.RunningLoop()
		slots := []*engine.Future[int]{engine.NewFuture[int](loop), engine.NewFuture[int](loop)}
		engine.CreateTask(loop, func(ctx context.Context) (none, error) {
			for i, slot := range slots {
				engine.Sleep(ctx, 10*time.Millisecond)
				slot.SetResult(i)
			}
			return none{}, nil
		}, engine.TaskOptions{})
		for _, slot := range slots {
			item, err := engine.Await(ctx, slot)
			fmt.Println("got", item, err)
		}
		return none{}, nil
	}, engine.Config{})
	// Output:
	// got 0 <nil>
	// got 1 <nil>
}

func Example_clock() {
	loop, err := engine.NewEventLoop(engine.Config{})
	if err != nil {
		panic(err)
	}
	defer loop.Close()
	n := 0
	var tick func()
	tick = func() {
		n++
		fmt.Println("tick", n)
		if n < 3 {
			loop.CallLater(10*time.Millisecond, tick)
		} else {
			loop.Stop()
		}
	}
	loop.CallSoon(tick)
	loop.RunForever()
	// Output:
	// tick 1
	// tick 2
	// tick 3
}

func Example_executor() {
	blocking := func() (int, error) {
		<-time.After(10 * time.Millisecond)
		return 42, nil
	}
	engine.Run(context.Background(), func(ctx context.Context) (none, error) {
		loop, _ := engine.RunningLoop()
		answer, err := engine.Await(ctx, engine.RunInExecutor(loop, nil, blocking))
		fmt.Println("the answer is", answer)
		return none{}, err
	}, engine.Config{})
	// Output: the answer is 42
}

func Example_threads() {
	add := func(ctx context.Context) (int, error) { return 1 + 2, engine.Sleep(ctx, 0) }
	loop, err := engine.NewEventLoop(engine.Config{})
	if err != nil {
		panic(err)
	}
	var running sync.WaitGroup
	running.Go(func() { loop.RunForever() })
	sum, _ := engine.Submit(loop, add).Wait(context.Background())
	fmt.Println("the sum is", sum)
	loop.CallSoonThreadsafe(loop.Stop)
	running.Wait()
	loop.Close()
	// Output: the sum is 3
}

func Example_generator() {
	count := func(ctx context.Context, yield func(int) bool) error {
		for n := range 3 {
			if err := engine.Sleep(ctx, 10*time.Millisecond); err != nil {
				return err
			}
			if !yield(n) {
				break
			}
		}
		return nil
	}
	engine.Run(context.Background(), func(ctx context.Context) (none, error) {
		loop, _ := engine.RunningLoop()
		for n, err := range engine.NewAsyncGen(loop, count).All(ctx) {
			fmt.Println(n, err)
		}
		return none{}, nil
	}, engine.Config{})
	// Output:
	// 0 <nil>
	// 1 <nil>
	// 2 <nil>
}

func Example_streams() {
	echo := func(ctx context.Context, r *engine.StreamReader, w *engine.StreamWriter) error {
		defer w.Close()
		for line, err := range r.Lines(ctx) {
			if err != nil {
				return err
			}
			w.Write(line)
			if err := w.Drain(ctx); err != nil {
				return err
			}
		}
		return nil
	}
	engine.Run(context.Background(), func(ctx context.Context) (none, error) {
		loop, _ := engine.RunningLoop()
		server, err := engine.StartServer(ctx, loop, echo, engine.ServerOptions{Host: "127.0.0.1"}, engine.StreamOptions{})
		if err != nil {
			return none{}, err
		}
		defer server.Close()
		addr, _ := server.Sockets()[0].LocalAddr()
		port := addr.(*net.TCPAddr).Port
		to := engine.ConnectOptions{Host: "127.0.0.1", Port: port}
		reader, writer, err := engine.OpenConnection(ctx, loop, to, engine.StreamOptions{})
		if err != nil {
			return none{}, err
		}
		writer.Write([]byte("hello\n"))
		line, err := reader.ReadLine(ctx)
		fmt.Printf("%q %v\n", line, err)
		writer.Close()
		return none{}, writer.WaitClosed(ctx)
	}, engine.Config{})
	// Output: "hello\n" <nil>
}

func Example_handler() {
	engine.Run(context.Background(), func(ctx context.Context) (none, error) {
		loop, _ := engine.RunningLoop()
		loop.SetExceptionHandler(func(_ *engine.Loop, c engine.ErrorContext) {
			fmt.Println("handler:", c.Err)
		})
		loop.CallSoon(func() { panic("broken callback") })
		fmt.Println(engine.CurrentTask(ctx).Name() != "")
		task := engine.CreateTask(loop, func(ctx context.Context) (none, error) {
			fmt.Println("I am", engine.CurrentTask(ctx).Name())
			return none{}, nil
		}, engine.TaskOptions{Name: "worker-1"})
		_, err := engine.Await(ctx, task)
		return none{}, err
	}, engine.Config{Logger: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	// Output:
	// true
	// handler: panic: broken callback
	// I am worker-1
}
