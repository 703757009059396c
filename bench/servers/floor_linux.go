package servers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/bench/floor"
)

func floorServers() map[string]Library {
	echo := floorServer(func(listener int) (turner, error) { return floor.NewEcho(listener) })
	return map[string]Library{
		"floor": {
			"datagrams":   floorDatagrams,
			"echo":        echo,
			"idle":        echo,
			"pipelined":   echo,
			"readexactly": echo,
			"readline":    echo,
			"sink":        floorServer(floorSink),
			"source":      floorServer(floorSource),
		},
		"floor-yields": {"echo": floorServer(floorYields)},
	}
}

// floorYields is the echo that yields before each wait, as netpoll and gnet do, and
// the engine before short ones: it then stays on one thread.
func floorYields(listener int) (turner, error) {
	e, err := floor.NewEcho(listener)
	return yielding{e}, err
}

type yielding struct{ turner }

func (y yielding) Turn() error {
	runtime.Gosched()
	return y.turner.Turn()
}

// floorSink and floorSource have one connection at a time.
func floorSink(listener int) (turner, error) {
	var intake Intake
	return floor.NewBulk(listener, func(fd int, buf []byte) error {
		n, err := floor.Read(fd, buf)
		if n == 0 {
			intake = Intake{}
			return floor.End(fd, err)
		}
		return floor.WriteAll(fd, intake.Take(buf[:n]))
	})
}

func floorSource(listener int) (turner, error) {
	var outlet Outlet
	return floor.NewBulk(listener, func(fd int, buf []byte) error {
		n, err := floor.Read(fd, buf)
		if n == 0 {
			outlet = Outlet{}
			return floor.End(fd, err)
		}
		outlet.Ask(buf[:n])
		for p := outlet.Next(); len(p) > 0 && err == nil; p = outlet.Next() {
			err = floor.WriteAll(fd, p)
		}
		return err
	})
}

// turner is a loop of system calls.
type turner interface {
	Turn() error
	Close() error
}

func floorServer(start func(listener int) (turner, error)) Server {
	return func(ctx context.Context, network, address string, ready func(string)) error {
		file, at, err := listenBare(network, address)
		if err != nil {
			return err
		}
		fd := int(file.Fd())
		if err := unix.SetNonblock(fd, true); err != nil {
			return errors.Join(err, file.Close())
		}
		e, err := start(fd)
		if err == nil {
			ready(at)
			err = turns(ctx, e, func() { knock(network, at) })
		}
		return errors.Join(err, e.Close(), file.Close())
	}
}

// turns goes on until ctx ends, when knock wakes it.
func turns(ctx context.Context, e turner, knock func()) (err error) {
	var over atomic.Bool
	defer context.AfterFunc(ctx, func() {
		over.Store(true)
		knock()
	})()
	for (err == nil || err == unix.EINTR || err == unix.EAGAIN) && !over.Load() {
		err = e.Turn()
	}
	return err
}

// knock wakes a server that listens.
func knock(network, address string) {
	if c, err := net.Dial(network, address); err == nil {
		_ = c.Close()
	}
}

// listenBare is a socket that listens, and that the runtime's poller does not
// watch.
func listenBare(network, address string) (*os.File, string, error) {
	ln, err := net.Listen(network, address)
	if err != nil {
		return nil, "", err
	}
	defer ln.Close()
	l, ok := ln.(interface{ File() (*os.File, error) })
	if !ok {
		return nil, "", fmt.Errorf("a listener of %s has no descriptor", network)
	}
	if u, ok := ln.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false) // its directory is the client's
	}
	file, err := l.File()
	return file, ln.Addr().String(), err
}
