package bench

import (
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// What burners burn is not in others, and what anybody else does is.
func TestOthersLeaveBurnersOut(t *testing.T) {
	b := startBurners(2)
	defer b.stop()
	first := others(t, b)
	runtime.LockOSThread() // the clock below is a thread's
	defer runtime.UnlockOSThread()
	own := threadTime(t)
	for threadTime(t)-own < 20*time.Millisecond {
		burnt.Add(1)
	}
	last := others(t, b)
	if worked := last - first; worked < 15*time.Millisecond {
		t.Errorf("others counted %v of 20 ms of work", worked)
	}
	if all, err := readClock(unix.CLOCK_PROCESS_CPUTIME_ID); err != nil || last >= all {
		t.Errorf("others is %v of a process that used %v, %v", last, all, err)
	}
}

func others(t *testing.T, b *burners) time.Duration {
	t.Helper()
	d, err := b.others()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// threadTime is the processor time of the calling thread.
func threadTime(t *testing.T) time.Duration {
	t.Helper()
	d, err := readClock(unix.CLOCK_THREAD_CPUTIME_ID)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
