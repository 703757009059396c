//go:build !linux

package bench

import "os/exec"

// coreMap is empty where affinity cannot be set.
type coreMap struct {
	server, client int
	note           string
}

func cores() coreMap {
	return coreMap{server: -1, client: -1, note: "samples are not pinned: affinity is set on Linux only"}
}

func (m coreMap) pick(Cores) []int { return nil }

func startOn(cmd *exec.Cmd, _ []int) error {
	ownGroup(cmd)
	return cmd.Start()
}

func pinThread([]int) error { return nil }
