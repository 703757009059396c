package servers

import (
	"context"
	"errors"
	"net"

	"github.com/shardloop/shardloop/engine"
)

func engineDatagramServers() map[string]Library {
	echo := func() engine.DatagramProtocol { return &returns{} }
	return map[string]Library{"engine": {
		"datagrams": engineDatagrams(echo, engine.DatagramOptions{}),
		"joined":    engineDatagrams(echo, engine.DatagramOptions{Offload: true}),
		"drain":     engineDatagrams(func() engine.DatagramProtocol { return &drain{} }, engine.DatagramOptions{}),
	}}
}

// engineDatagrams is a loop with an endpoint.
func engineDatagrams(protocol engine.DatagramProtocolFactory, o engine.DatagramOptions) Server {
	return func(ctx context.Context, network, address string, ready func(string)) error {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return err
		}
		o := o
		o.LocalHost, o.LocalPort = host, port
		_, err = engine.Run(ctx, func(ctx context.Context) (struct{}, error) {
			l, err := engine.RunningLoop()
			if err != nil {
				return struct{}{}, err
			}
			t, _, err := l.CreateDatagramEndpoint(ctx, protocol, o)
			if err != nil {
				return struct{}{}, err
			}
			defer t.Close()
			ready(t.ExtraInfo("sockname").(net.Addr).String())
			_, err = engine.Await(ctx, engine.NewFuture[struct{}](l)) // until ctx ends
			return struct{}{}, err
		}, engine.Config{})
		if errors.Is(err, context.Canceled) {
			return nil // the contract's end
		}
		return err
	}
}

// returns sends back what comes in.
type returns struct {
	engine.BaseDatagramProtocol
	transport engine.DatagramTransport
}

func (r *returns) ConnectionMade(t engine.DatagramTransport) { r.transport = t }

func (r *returns) DatagramReceived(p []byte, from engine.Addr) { _ = r.transport.SendTo(p, from) } // the client tells

// drain counts what comes in.
type drain struct {
	returns
	tally Tally
}

func (d *drain) DatagramReceived(p []byte, from engine.Addr) {
	if answer := d.tally.Take(p); answer != nil {
		_ = d.transport.SendTo(answer, from) // the client tells
	}
}
