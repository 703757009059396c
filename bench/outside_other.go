//go:build !linux

package bench

import "time"

// needsOutside is why servers cannot be measured from outside.
const needsOutside = needsLinux

func cpuOf(int) (time.Duration, error) { return 0, ErrNoSample }

func systemCalls(int) (writes, reads int64, err error) { return 0, 0, ErrNoSample }

func resident(int) (int64, error) { return 0, ErrNoSample }
