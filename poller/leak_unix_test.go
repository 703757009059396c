//go:build unix

package poller_test

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// TestMain holds the tests to leaving no descriptor and no goroutine behind.
func TestMain(m *testing.M) {
	warmUp()
	fds, goroutines := openFDs(), runtime.NumGoroutine()
	code := m.Run()
	if now := openFDs(); !slices.Equal(now, fds) {
		fmt.Fprintf(os.Stderr, "descriptors before %v, after %v\n", fds, now)
		code = 1
	}
	if now := settledGoroutines(goroutines); now > goroutines {
		buf := make([]byte, 1<<20)
		fmt.Fprintf(os.Stderr, "%d goroutines before, %d after\n%s", goroutines, now, buf[:runtime.Stack(buf, true)])
		code = 1
	}
	os.Exit(code)
}

// warmUp makes the runtime open the descriptors of its own poller.
func warmUp() {
	r, w, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	r.Close()
	w.Close()
}

// settledGoroutines lets goroutines that are on their way out get there.
func settledGoroutines(want int) int {
	for range 10000 {
		if runtime.NumGoroutine() <= want {
			break
		}
		runtime.Gosched()
	}
	return runtime.NumGoroutine()
}

// openFDs is the descriptors of this process.
func openFDs() []int {
	const highest = 4096 // above what any test opens
	var open []int
	for fd := range highest {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil {
			open = append(open, fd)
		}
	}
	return open
}
