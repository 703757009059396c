package servers

import (
	"context"
	"errors"
	"net"
	"sync"
)

func netServers() map[string]Library {
	return map[string]Library{"net": {
		"echo":        netServer(func(c net.Conn) { answerAll(c, make([]byte, 64<<10)) }),
		"idle":        netServer(func(c net.Conn) { answerAll(c, make([]byte, 4<<10)) }),
		"pipelined":   netServer(netPipelined),
		"posts":       netPosts,
		"readexactly": netServer(netPipelined),
		"readline":    netServer(netLines),
		"sink":        netServer(netSink),
		"source":      netServer(netSource),
	}}
}

// netServer is a goroutine for each connection.
func netServer(serve func(net.Conn)) Server {
	return listening(func(ctx context.Context, ln net.Listener) error {
		release := context.AfterFunc(ctx, func() { _ = ln.Close() })
		defer release()
		var handlers sync.WaitGroup
		defer handlers.Wait()
		for {
			c, err := ln.Accept()
			if errors.Is(err, net.ErrClosed) {
				return nil
			}
			if err != nil {
				return err
			}
			handlers.Go(func() {
				defer c.Close()
				serve(c)
			})
		}
	})
}

// listening is a server of a listener, which it closes.
func listening(serve func(context.Context, net.Listener) error) Server {
	return func(ctx context.Context, network, address string, ready func(string)) error {
		ln, err := net.Listen(network, address)
		if err != nil {
			return err
		}
		defer ln.Close()
		ready(ln.Addr().String())
		return serve(ctx, ln)
	}
}

func answerAll(c net.Conn, buf []byte) {
	for {
		n, err := c.Read(buf)
		if err == nil {
			_, err = c.Write(buf[:n])
		}
		if err != nil {
			return // the client tells
		}
	}
}
