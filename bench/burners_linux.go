package bench

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// burners are goroutines that compute without end. Each locks its thread, so
// that the time of all of them is the time of known threads.
type burners struct {
	clocks []int32 // one processor clock per thread
	quit   atomic.Bool
	wg     sync.WaitGroup
}

// startBurners returns when n of them burn.
func startBurners(n int) *burners {
	b := &burners{}
	tids := make(chan int)
	for range n {
		b.wg.Go(func() { b.burn(tids) })
	}
	for range n {
		b.clocks = append(b.clocks, threadClock(<-tids))
	}
	return b
}

func (b *burners) burn(tid chan<- int) {
	runtime.LockOSThread()
	tid <- unix.Gettid()
	x := uint64(1)
	for !b.quit.Load() {
		for range 1 << 12 { // some microseconds between looks at quit
			x = x*6364136223846793005 + 1442695040888963407
		}
	}
	burnt.Store(x)
}

// burnt keeps the compiler from dropping the work.
var burnt atomic.Uint64

func (b *burners) stop() {
	b.quit.Store(true)
	b.wg.Wait()
}

// others is the processor time of this process without its burners.
//
// The clocks cannot be read all at once, and the burners go on meanwhile; a
// reader that loses its processor between two of them is wrong by as much as
// they burn until it returns. So the threads' clocks are read between two
// readings of the process's, and of several tries the one with the least time
// in between counts.
func (b *burners) others() (least time.Duration, err error) {
	const tries = 16
	narrowest := time.Duration(math.MaxInt64)
	for range tries {
		before, err := readClock(unix.CLOCK_PROCESS_CPUTIME_ID)
		if err != nil {
			return 0, err
		}
		burning, err := b.burning()
		if err != nil {
			return 0, err
		}
		after, err := readClock(unix.CLOCK_PROCESS_CPUTIME_ID)
		if err != nil {
			return 0, err
		}
		if width := after - before; width < narrowest {
			narrowest, least = width, before+width/2-burning
		}
	}
	return least, nil
}

// burning is the processor time of the burners.
func (b *burners) burning() (sum time.Duration, err error) {
	for _, id := range b.clocks {
		own, err := readClock(id)
		if err != nil {
			return 0, err
		}
		sum += own
	}
	return sum, nil
}

// threadClock is the clock id of another thread's processor time, as
// pthread_getcpuclockid makes it: the complement of the thread id, then the
// per-thread bit and the scheduler's clock.
func threadClock(tid int) int32 {
	const perThread, scheduled = 4, 2
	return int32(^tid<<3 | perThread | scheduled)
}

func readClock(id int32) (time.Duration, error) {
	var ts unix.Timespec
	if err := unix.ClockGettime(id, &ts); err != nil {
		return 0, err
	}
	return time.Duration(ts.Nano()), nil
}
