//go:build linux && (amd64 || arm64)

package netpoll

import (
	"context"
	"net"

	"github.com/cloudwego/netpoll"
)

// Echo sends back what comes in over connections of ln until ctx ends.
func Echo(ctx context.Context, ln net.Listener) error {
	loop, err := netpoll.NewEventLoop(answer)
	if err != nil {
		return err
	}
	release := context.AfterFunc(ctx, func() { _ = loop.Shutdown(context.Background()) }) // Serve tells
	defer release()
	return loop.Serve(ln)
}

// answer sends back what is there. What Next returns stays as it is until
// Release, and Flush is over by then.
func answer(_ context.Context, c netpoll.Connection) error {
	in, out := c.Reader(), c.Writer()
	p, err := in.Next(in.Len())
	if err != nil {
		return err
	}
	if _, err := out.WriteBinary(p); err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return in.Release()
}
