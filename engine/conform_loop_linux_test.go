package engine_test

import (
	"os"
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/engine"
)

func TestPoll(t *testing.T) {
	prove(t, "LOOP-14", func(t *testing.T) {
		for _, selector := range []engine.Selector{engine.Epoll, engine.Poll} {
			l, err := engine.NewSelectorEventLoop(selector, hosted(t, engine.Config{}))
			if err != nil {
				t.Fatal(err)
			}
			l.SetExceptionHandler(func(_ *engine.Loop, c engine.ErrorContext) { t.Errorf("reported: %v", c) })
			ended := make(chan error)
			go func() { ended <- l.RunForever() }()
			for range 50 {
				var tid int
				onLoop(t, l, func() { tid = unix.Gettid() })
				for range 20 { // SIGURG is ignored, and interrupts all the same
					if err := unix.Tgkill(os.Getpid(), tid, unix.SIGURG); err != nil && err != unix.ESRCH {
						t.Fatal(err)
					}
					runtime.Gosched()
				}
			}
			onLoop(t, l, l.Stop)
			if err := <-ended; err != nil {
				t.Errorf("the run ended with %v", err)
			}
			closeLoop(t, l)
		}
	})
	prove(t, "LOOP-15", func(t *testing.T) {
		const many = 700 // more than two batches of the poller
		l := newLoop(t)
		r, w := pipe(t)
		if _, err := w.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		served := make([]int, many)
		fd, err := engine.FDOf(r)
		if err != nil {
			t.Fatal(err)
		}
		for i := range many {
			dup, err := syscall.Dup(fd)
			if err != nil {
				t.Fatal(err)
			}
			defer syscall.Close(dup)
			defer l.RemoveReader(dup)
			if err := l.AddReader(dup, func() { served[i]++ }); err != nil {
				t.Fatal(err)
			}
		}
		const turns = 3 // 256, 512 and from then on all of them
		for range turns {
			turn(t, l)
		}
		for i, n := range served {
			if n == 0 || n > turns {
				t.Errorf("descriptor %d was served %d times in %d turns", i, n, turns)
			}
		}
		before := append([]int(nil), served...)
		turn(t, l)
		for i, n := range served {
			if n != before[i]+1 {
				t.Errorf("descriptor %d waits for a second poll", i)
			}
		}
	})
}
