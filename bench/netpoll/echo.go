//go:build linux && (amd64 || arm64)

package netpoll

import (
	"context"
	"net"
	"time"

	"github.com/cloudwego/netpoll"
)

// Echo sends back what comes in over connections of ln until ctx ends.
func Echo(ctx context.Context, ln net.Listener) error { return serve(ctx, ln, answer) }

// EchoOn is Echo on so many pollers, which are those of the process.
func EchoOn(ctx context.Context, ln net.Listener, pollers int) error {
	if err := netpoll.Configure(netpoll.Config{PollerNum: pollers}); err != nil {
		return err
	}
	return Echo(ctx, ln)
}

func serve(ctx context.Context, ln net.Listener, on netpoll.OnRequest, options ...netpoll.Option) error {
	loop, err := netpoll.NewEventLoop(on, options...)
	if err != nil {
		return err
	}
	over := make(chan error, 1)
	go func() { over <- loop.Serve(ln) }()
	select {
	case err := <-over:
		return err
	case <-ctx.Done():
		return end(loop, over)
	}
}

// end shuts a loop down. It forgets what it is told before it serves, so it is told
// until it is over.
func end(loop netpoll.EventLoop, over <-chan error) error {
	for {
		_ = loop.Shutdown(context.Background()) // Serve tells
		select {
		case err := <-over:
			return err
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// answer sends back what is there. What Next returns stays as it is until
// Release, and Flush is over by then.
func answer(_ context.Context, c netpoll.Connection) error {
	in, out := c.Reader(), c.Writer()
	p, err := in.Next(in.Len())
	if err != nil {
		return err
	}
	if err := send(out, p); err != nil {
		return err
	}
	return in.Release()
}

func send(out netpoll.Writer, p []byte) error {
	if _, err := out.WriteBinary(p); err != nil {
		return err
	}
	return out.Flush()
}
