package reactor

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestBusyProcessor has a goroutine keep the only processor without ever
// announcing a system call, until the loop has heard of a post, or of a
// descriptor that the kernel made readable. Only the runtime's monitor can bring
// a parked loop back then, and it must be awake for that.
func TestBusyProcessor(t *testing.T) {
	for name, host := range map[string]Host{"auto": HostAuto, "block": HostBlock, "park": HostPark} {
		t.Run("post/"+name, func(t *testing.T) { besideSpinner(t, host, postOnce) })
		t.Run("event/"+name, func(t *testing.T) { besideSpinner(t, host, expireOnce) })
	}
}

// monitorSleeps is how long everything rests before, so that the monitor, which
// looks every 10 ms at most, has seen all processors idle and gone to sleep.
const monitorSleeps = 50 * time.Millisecond

// besideSpinner runs a loop that starts a goroutine that asks for hear to be
// called and then spins until it was.
func besideSpinner(t *testing.T, host Host, ask func(t *testing.T, r *Reactor, hear func(any)) func()) {
	before := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(before)
	r := newBench(t, Config{Host: host})
	var heard atomic.Bool
	begin := ask(t, r, func(any) {
		heard.Store(true)
		r.Stop()
	})
	spin := func() {
		begin()
		for !heard.Load() {
		}
	}
	var nap Timer
	nap.Init(func(any) { go spin() }, nil)
	_ = r.Schedule(&nap, r.Now()+int64(monitorSleeps))
	if err := r.Run(); err != nil {
		t.Fatal(err)
	}
}

func postOnce(_ *testing.T, r *Reactor, hear func(any)) func() {
	return func() { _ = r.Post(hear, nil) }
}

// expireOnce asks by a timer of the kernel that nobody has to write to.
func expireOnce(t *testing.T, r *Reactor, hear func(any)) func() {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	at := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(monitorSleeps + 5*time.Millisecond))}
	if err := unix.TimerfdSettime(fd, 0, &at, nil); err != nil {
		t.Fatal(err)
	}
	if err := r.AddReader(fd, hear, nil); err != nil {
		t.Fatal(err)
	}
	return func() {}
}
