//go:build !linux

package bench

import "context"

func hostSides() []Side {
	return []Side{
		missing("auto", Engine, needsLinux),
		missing("block", Engine, needsLinux),
		missing("park", Engine, needsLinux),
		missing("poller-block", Floor, needsLinux),
		missing("poller-park", Floor, needsLinux),
	}
}

func hostClient(context.Context, Task) (Metrics, error) { return nil, ErrNoSample }
