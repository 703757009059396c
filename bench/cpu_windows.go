package bench

import (
	"time"

	"golang.org/x/sys/windows"
)

// cpuTime is the processor time this process has used, kernel time included.
func cpuTime() (time.Duration, error) {
	var created, exited, kernel, user windows.Filetime
	if err := windows.GetProcessTimes(windows.CurrentProcess(), &created, &exited, &kernel, &user); err != nil {
		return 0, err
	}
	return time.Duration(ticks(kernel)+ticks(user)) * 100, nil // 100 ns each
}

func ticks(f windows.Filetime) int64 {
	return int64(f.HighDateTime)<<32 | int64(f.LowDateTime)
}
