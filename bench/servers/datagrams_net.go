package servers

import (
	"context"
	"errors"
	"net"
)

func netDatagramServers() map[string]Library {
	return map[string]Library{"net": {
		"datagrams": netDatagrams(func() func([]byte) []byte { return func(p []byte) []byte { return p } }),
		"drain":     netDatagrams(func() func([]byte) []byte { return new(Tally).Take }),
	}}
}

// netDatagrams is one goroutine that answers.
func netDatagrams(answers func() func(p []byte) []byte) Server {
	return func(ctx context.Context, network, address string, ready func(string)) error {
		at, err := net.ResolveUDPAddr(network, address)
		if err != nil {
			return err
		}
		c, err := net.ListenUDP(network, at)
		if err != nil {
			return err
		}
		defer c.Close()
		defer context.AfterFunc(ctx, func() { _ = c.Close() })()
		ready(c.LocalAddr().String())
		return netAnswer(c, answers())
	}
}

func netAnswer(c *net.UDPConn, answer func(p []byte) []byte) error {
	buf := make([]byte, 64<<10)
	for {
		n, from, err := c.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		if p := answer(buf[:n]); p != nil {
			if _, err := c.WriteToUDPAddrPort(p, from); err != nil {
				return err
			}
		}
	}
}
