package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/panjf2000/gnet/v2"
	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/bench/servers"
)

func gnetServers() servers.Library {
	echo := gnetServer(func() gnet.EventHandler { return &gnetEcho{} })
	return servers.Library{
		"datagrams": echo,
		"drain":     gnetServer(func() gnet.EventHandler { return &gnetDrain{} }),
		"echo":      echo,
		"idle":      echo,
		"posts":     gnetServer(func() gnet.EventHandler { return &gnetPosts{} }),
		"sink":      gnetServer(func() gnet.EventHandler { return &gnetSink{} }),
	}
}

// gnetServer is an engine of one loop, unless the options say something else.
func gnetServer(handler func() gnet.EventHandler, options ...gnet.Option) servers.Server {
	options = append([]gnet.Option{
		gnet.WithNumEventLoop(1), gnet.WithTCPNoDelay(gnet.TCPNoDelay), gnet.WithLogger(gnetLog{}),
	}, options...)
	return func(ctx context.Context, network, address string, ready func(string)) error {
		h := &gnetBoot{EventHandler: handler(), network: network, address: address, ready: ready}
		over := make(chan error, 1)
		go func() {
			err := gnet.Run(h, network+"://"+address, options...)
			over <- errors.Join(err, h.err)
		}()
		select {
		case err := <-over:
			return err
		case <-ctx.Done():
			return nil // without Stop, which may not return when it comes too early
		}
	}
}

// gnetLog keeps standard output for the contract, and what is no error to itself.
type gnetLog struct{}

func (gnetLog) Debugf(string, ...any) {}

func (gnetLog) Infof(string, ...any) {}

func (gnetLog) Warnf(string, ...any) {}

func (gnetLog) Errorf(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

func (gnetLog) Fatalf(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

// gnetBoot tells the address when the engine is there.
type gnetBoot struct {
	gnet.EventHandler
	network, address string
	ready            func(string)
	err              error
}

// OnBoot finds out which port the engine has got.
func (h *gnetBoot) OnBoot(e gnet.Engine) gnet.Action {
	if h.network != "unix" {
		h.address, h.err = gnetAddress(e)
	}
	if h.err != nil {
		return gnet.Shutdown
	}
	h.ready(h.address)
	return h.EventHandler.OnBoot(e)
}

func gnetAddress(e gnet.Engine) (string, error) {
	fd, err := e.Dup()
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	return socketAddress(fd)
}

// gnetEcho sends back what comes in.
type gnetEcho struct{ gnet.BuiltinEventEngine }

// OnTraffic answers with what there is.
func (*gnetEcho) OnTraffic(c gnet.Conn) gnet.Action {
	p, err := c.Next(-1)
	if err == nil {
		_, err = c.Write(p)
	}
	if err != nil {
		return gnet.Close // the client tells
	}
	return gnet.None
}

var errNoAddress = errors.New("the listener has no address of the internet")

func socketAddress(fd int) (string, error) {
	at, err := unix.Getsockname(fd)
	if err != nil {
		return "", os.NewSyscallError("getsockname", err)
	}
	in, ok := at.(*unix.SockaddrInet4)
	if !ok {
		return "", errNoAddress
	}
	return (&net.TCPAddr{IP: in.Addr[:], Port: in.Port}).String(), nil
}
