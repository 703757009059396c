//go:build !linux

package bench

import "context"

func hostSides() []Side {
	return []Side{
		missing("auto", Engine, needsLinux),
		missing("block", Engine, needsLinux),
		missing("park", Engine, needsLinux),
	}
}

func hostClient(context.Context, Task) (Metrics, error) { return nil, ErrNoSample }
