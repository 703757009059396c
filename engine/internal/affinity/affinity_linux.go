package affinity

import (
	"os"

	"golang.org/x/sys/unix"
)

// limit is more processors than any kernel is built for: NR_CPUS is at most 8,192
// as it is configured, on all architectures. A smaller set is refused by a kernel
// that is built for more.
const limit = 1 << 13

// allowed asks on a goroutine of its own, which no pinned thread ever runs.
func allowed() (cpus []int, err error) {
	set, asked := unix.NewCPUSet(limit), make(chan error)
	go func() { asked <- get(set) }()
	if err := <-asked; err != nil {
		return nil, err
	}
	for cpu := range limit {
		if set.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	return cpus, nil
}

func pin(cpus []int) (undo func(), err error) {
	before, set := unix.NewCPUSet(limit), unix.NewCPUSet(limit)
	for _, cpu := range cpus {
		set.Set(cpu)
	}
	if err := get(before); err != nil {
		return nil, err
	}
	if err := put(set); err != nil {
		return nil, err
	}
	return func() { _ = put(before) }, nil // processors that are gone by now are nobody's
}

// get reads the set of the calling thread.
func get(set unix.CPUSetDynamic) error {
	return os.NewSyscallError("sched_getaffinity", unix.SchedGetaffinityDynamic(0, set))
}

// put sets the set of the calling thread.
func put(set unix.CPUSetDynamic) error {
	return os.NewSyscallError("sched_setaffinity", unix.SchedSetaffinityDynamic(0, set))
}
