package bench

import (
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"
)

// coreMap is the processors this process may use, in two parts.
type coreMap struct {
	server, client int // -1: not pinned
	note           string
}

// cores splits the processors: the first for the measured process, the last
// for its client.
func cores() coreMap {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return coreMap{server: -1, client: -1, note: "samples are not pinned: " + err.Error()}
	}
	if set.Count() < 2 {
		return coreMap{server: -1, client: -1, note: "samples are not pinned: only one processor may be used"}
	}
	m := coreMap{server: -1}
	for cpu := range len(set) * 64 {
		if !set.IsSet(cpu) {
			continue
		}
		if m.server < 0 {
			m.server = cpu
		}
		m.client = cpu
	}
	return m
}

// pick is the list of processors for c; nil leaves the process alone.
func (m coreMap) pick(c Cores) []int {
	if c == AllCores {
		return nil
	}
	return cpuList(m.server)
}

// startOn starts cmd on the given processors. A child inherits the affinity of
// the thread that forks it, so that the sample is in place before its first
// instruction.
func startOn(cmd *exec.Cmd, cpus []int) error {
	ownGroup(cmd)
	if cpus == nil {
		return cmd.Start()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return cmd.Start()
	}
	if err := pinThread(cpus); err != nil {
		return err
	}
	defer unix.SchedSetaffinity(0, &before)
	return cmd.Start()
}

// pinThread moves the calling thread; the caller has locked it.
func pinThread(cpus []int) error {
	if cpus == nil {
		return nil
	}
	var set unix.CPUSet
	for _, cpu := range cpus {
		set.Set(cpu)
	}
	return unix.SchedSetaffinity(0, &set)
}
