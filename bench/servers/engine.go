package servers

import (
	"context"
	"errors"
	"net"

	"github.com/shardloop/shardloop/engine"
)

func engineServers() map[string]Library {
	echo := engineServer(each(func() engine.Protocol { return &pong{} }))
	return map[string]Library{"engine": {
		"echo":        echo,
		"idle":        echo,
		"pipelined":   engineServer(each(func() engine.Protocol { return &pipelined{} })),
		"posts":       engineServer(newBoard),
		"readexactly": engineStreams(readExactly),
		"readline":    engineStreams(readLine),
		"sink":        engineServer(each(func() engine.Protocol { return &engineSink{} })),
		"source":      engineServer(each(func() engine.Protocol { return &engineSource{} })),
	}}
}

// each is for servers whose connections have nothing in common.
func each(protocol engine.ProtocolFactory) func() engine.ProtocolFactory {
	return func() engine.ProtocolFactory { return protocol }
}

// engineServer is a loop with a server, and a new factory for it.
func engineServer(factory func() engine.ProtocolFactory) Server {
	return engineServing(func(ctx context.Context, l *engine.Loop, at engineAddress) (*engine.Server, error) {
		if at.unix != "" {
			return l.CreateUnixServer(ctx, factory(), engine.UnixServerOptions{Path: at.unix})
		}
		return l.CreateServer(ctx, factory(), engine.ServerOptions{Host: at.host, Port: at.port})
	})
}

// engineAddress is where a server is to listen: at a path, or a host and a port.
type engineAddress struct{ unix, host, port string }

// engineServing is a loop with the server that start makes.
func engineServing(start func(context.Context, *engine.Loop, engineAddress) (*engine.Server, error)) Server {
	return func(ctx context.Context, network, address string, ready func(string)) error {
		_, err := engine.Run(ctx, func(ctx context.Context) (struct{}, error) {
			s, err := engineListen(ctx, network, address, start)
			if err != nil {
				return struct{}{}, err
			}
			at, err := s.Sockets()[0].LocalAddr()
			if err == nil {
				ready(at.String())
			}
			return struct{}{}, errors.Join(err, s.ServeForever(ctx))
		}, engine.Config{})
		if errors.Is(err, context.Canceled) {
			return nil // the contract's end
		}
		return err
	}
}

func engineListen(ctx context.Context, network, address string, start func(context.Context, *engine.Loop, engineAddress) (*engine.Server, error)) (*engine.Server, error) {
	l, err := engine.RunningLoop()
	if err != nil {
		return nil, err
	}
	countCalls(l)
	if network == "unix" {
		return start(ctx, l, engineAddress{unix: address})
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	return start(ctx, l, engineAddress{host: host, port: port})
}

// pong sends back what comes in.
type pong struct {
	engine.BaseProtocol
	transport engine.Transport
}

func (p *pong) ConnectionMade(t engine.Transport) { p.transport = t }

func (p *pong) DataReceived(b []byte) { _, _ = p.transport.Write(b) } // the client tells
