package bench

import (
	"context"
	"errors"
	"net"
	"os"
	"slices"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/bench/floor"
	"github.com/shardloop/shardloop/engine"
)

func echoSides() []Side {
	return slices.Concat([]Side{
		echoSide("engine", Engine, engineEcho),
		echoSide("floor", Floor, floorEcho),
		echoSide("net", Peer, listening(netEcho)),
		netpollEcho(),
	}, pythonPeers("echo"))
}

// echoServer serves until ctx ends, and calls ready with its port once it listens.
type echoServer func(ctx context.Context, ready func(port int) error) error

// echoSide starts the client when the server is ready, and ends the server when
// the client has ended.
func echoSide(name string, kind Kind, serve echoServer) Side {
	return Side{Name: name, Kind: kind, Run: func(ctx context.Context, t Task) (answer Metrics, err error) {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		var clientErr error
		var client sync.WaitGroup
		err = serve(ctx, func(port int) error {
			t.Params = t.Params.with(Params{"port": int64(port)})
			h, err := t.StartHelper(context.WithoutCancel(ctx), nil)
			if err == nil {
				client.Go(func() { answer, clientErr = h.Answer(); stop() })
			}
			return err
		})
		client.Wait()
		return answer, errors.Join(err, clientErr)
	}}
}

// pong is the engine's echo.
type pong struct {
	engine.BaseProtocol
	transport engine.Transport
}

func (p *pong) ConnectionMade(t engine.Transport) { p.transport = t }

func (p *pong) DataReceived(b []byte) { _, _ = p.transport.Write(b) } // the client tells

func engineEcho(ctx context.Context, ready func(int) error) error {
	_, err := engine.Run(ctx, func(ctx context.Context) (struct{}, error) {
		l, err := engine.RunningLoop()
		if err != nil {
			return struct{}{}, err
		}
		s, err := l.CreateServer(ctx, func() engine.Protocol { return &pong{} },
			engine.ServerOptions{Host: "127.0.0.1", Port: 0})
		if err != nil {
			return struct{}{}, err
		}
		at, err := s.Sockets()[0].LocalAddr()
		if err == nil {
			err = ready(at.(*net.TCPAddr).Port)
		}
		return struct{}{}, errors.Join(err, s.ServeForever(ctx))
	}, engine.Config{})
	if errors.Is(err, context.Canceled) {
		return nil // the client is through
	}
	return err
}

// listening is a server of a listener, which it closes.
func listening(serve func(context.Context, net.Listener) error) echoServer {
	return func(ctx context.Context, ready func(int) error) error {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		defer ln.Close()
		if err := ready(ln.Addr().(*net.TCPAddr).Port); err != nil {
			return err
		}
		return serve(ctx, ln)
	}
}

// netEcho is a goroutine for each connection.
func netEcho(ctx context.Context, ln net.Listener) error {
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
		handlers.Go(func() { answerAll(c) })
	}
}

func answerAll(c net.Conn) {
	defer c.Close()
	buf := make([]byte, 64<<10)
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

func floorEcho(ctx context.Context, ready func(int) error) error {
	fd, port, err := listenLoopback()
	if err != nil {
		return err
	}
	e, err := floor.NewEcho(fd)
	if err == nil {
		err = ready(port)
	}
	release := context.AfterFunc(ctx, func() { _ = unix.Shutdown(fd, unix.SHUT_RDWR) }) // Turn tells
	for err == nil || err == unix.EINTR {
		err = e.Turn()
	}
	if release(); err == unix.EINVAL && ctx.Err() != nil {
		err = nil
	}
	return errors.Join(err, e.Close(), unix.Close(fd))
}

// listenLoopback is a socket that listens on a free port.
func listenLoopback() (fd, port int, err error) {
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return 0, 0, os.NewSyscallError("socket", err)
	}
	err = errors.Join(unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), unix.Listen(fd, 128))
	at, nameErr := unix.Getsockname(fd)
	if err := errors.Join(err, nameErr); err != nil {
		return 0, 0, errors.Join(err, unix.Close(fd))
	}
	return fd, at.(*unix.SockaddrInet4).Port, nil
}
