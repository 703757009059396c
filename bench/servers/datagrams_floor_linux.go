package servers

import (
	"context"
	"errors"
	"net"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/bench/floor"
)

func floorDatagrams(ctx context.Context, network, address string, ready func(string)) error {
	c, err := net.ListenPacket(network, address)
	if err != nil {
		return err
	}
	file, err := c.(*net.UDPConn).File()
	if err = errors.Join(err, c.Close()); err != nil {
		return err
	}
	fd := int(file.Fd())
	if err := unix.SetNonblock(fd, true); err != nil {
		return errors.Join(err, file.Close())
	}
	d, err := floor.NewDatagrams(fd)
	if err == nil {
		at := c.LocalAddr().String()
		ready(at)
		err = turns(ctx, d, func() { knockBy(network, at) })
	}
	return errors.Join(err, d.Close(), file.Close())
}

// knockBy wakes a server of datagrams.
func knockBy(network, address string) {
	if c, err := net.Dial(network, address); err == nil {
		_, _ = c.Write(nil) // it need not arrive when the server is gone
		_ = c.Close()
	}
}
