//go:build !linux

package bench

import "context"

func echoSides() []Side {
	return []Side{
		missing("engine", Engine, needsLinux),
		missing("floor", Floor, needsLinux),
		missing("net", Peer, needsLinux),
		missing("netpoll", Peer, needsLinux),
		missing("asyncio", Peer, needsLinux),
		missing("uvloop", Peer, needsLinux),
	}
}

func echoClient(context.Context, Task) (Metrics, error) { return nil, ErrNoSample }
