//go:build unix

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/shardloop/shardloop/engine"
)

// An echo server without transports: a task accepts, and one for each connection
// sends back what it receives.
func ExampleLoop_SockAccept() {
	_, err := engine.Run(context.Background(), func(ctx context.Context) (struct{}, error) {
		l, err := engine.RunningLoop()
		if err != nil {
			return struct{}{}, err
		}
		server, err := listenLocally()
		if err != nil {
			return struct{}{}, err
		}
		serving := engine.CreateTask(l, func(ctx context.Context) (struct{}, error) {
			return struct{}{}, serveEcho(ctx, l, server)
		}, engine.TaskOptions{})
		if err := greet(ctx, l, server); err != nil {
			return struct{}{}, err
		}
		if err := server.Close(); err != nil { // which ends the task that accepts
			return struct{}{}, err
		}
		_, err = engine.Await(ctx, serving)
		fmt.Println("closed:", errors.Is(err, net.ErrClosed))
		return struct{}{}, nil
	}, engine.Config{})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// echo: hello
	// closed: true
}

func listenLocally() (*engine.Socket, error) {
	s, err := engine.NewSocket(engine.AFInet, engine.SockStream, 0)
	if err != nil {
		return nil, err
	}
	if err = s.Bind(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}); err == nil {
		err = s.Listen(128)
	}
	return s, err
}

func serveEcho(ctx context.Context, l *engine.Loop, server *engine.Socket) error {
	for {
		conn, _, err := l.SockAccept(ctx, server)
		if err != nil {
			return err
		}
		err = engine.Go(l, func(ctx context.Context) error {
			defer conn.Close()
			return echoBack(ctx, l, conn)
		})
		if err != nil {
			return err
		}
	}
}

func echoBack(ctx context.Context, l *engine.Loop, conn *engine.Socket) error {
	buf := make([]byte, 16<<10)
	for {
		n, err := l.SockRecvInto(ctx, conn, buf)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := l.SockSendall(ctx, conn, buf[:n]); err != nil {
			return err
		}
	}
}

func greet(ctx context.Context, l *engine.Loop, server *engine.Socket) error {
	at, err := server.LocalAddr()
	if err != nil {
		return err
	}
	s, err := engine.NewSocket(engine.AFInet, engine.SockStream, 0)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := l.SockConnect(ctx, s, at.String()); err != nil {
		return err
	}
	if _, err := l.SockSendall(ctx, s, []byte("hello")); err != nil {
		return err
	}
	answer, err := l.SockRecv(ctx, s, 100)
	fmt.Printf("echo: %s\n", answer)
	return err
}

// Datagrams without an endpoint.
func ExampleLoop_SockRecvfrom() {
	l, err := engine.NewEventLoop(engine.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	_, err = engine.RunUntilComplete(l, func(ctx context.Context) (struct{}, error) {
		a, b, err := engine.SocketPair(engine.AFUnix, engine.SockDgram, 0)
		if err != nil {
			return struct{}{}, err
		}
		defer a.Close()
		defer b.Close()
		if _, err := l.SockSendall(ctx, a, []byte("one datagram")); err != nil {
			return struct{}{}, err
		}
		data, from, err := l.SockRecvfrom(ctx, b, 1500)
		fmt.Printf("%s from %q\n", data, from)
		return struct{}{}, err
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output: one datagram from ""
}
