package engine_test

import (
	"os"
	"runtime"
	"syscall"
	"testing"
)

// TestSignalRestart interrupts a thread that reads.
func TestSignalRestart(t *testing.T) {
	prove(t, "SIG-10", func(t *testing.T) {
		l := newLoop(t)
		calls := handle(t, l, syscall.SIGUSR1)
		start(t, l)
		fd, peer := socketPair(t)
		thread, result := make(chan int), make(chan error)
		go func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			thread <- syscall.Gettid()
			_, err := syscall.Read(fd, make([]byte, 1))
			result <- err
		}()
		tid := <-thread
		for range 20 { // most of which find the thread in its read
			must(t, syscall.Tgkill(os.Getpid(), tid, syscall.SIGUSR1))
			<-calls
		}
		send(t, peer, "x")
		if err := <-result; err != nil {
			t.Errorf("the interrupted read: %v", err)
		}
	})
}
