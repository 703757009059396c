//go:build !linux

package bench

import "time"

var wakeupFloor = missing("floor", Floor, needsLinux)

// kernelSleep is the runtime's sleep where the kernel's is not at hand.
func kernelSleep(d time.Duration) { time.Sleep(d) }
