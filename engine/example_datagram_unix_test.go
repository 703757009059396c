//go:build unix

package engine_test

import (
	"context"
	"fmt"
	"log"
	"net"

	"github.com/shardloop/shardloop/engine"
)

// gramEcho sends back what it gets.
type gramEcho struct {
	engine.BaseDatagramProtocol
	transport engine.DatagramTransport
}

func (e *gramEcho) ConnectionMade(t engine.DatagramTransport) { e.transport = t }

func (e *gramEcho) DatagramReceived(p []byte, from engine.Addr) {
	fmt.Printf("received %q\n", p)
	_ = e.transport.SendTo(p, from) // fails when the transport is closing
}

// gramCaller completes a future with the first answer.
type gramCaller struct {
	engine.BaseDatagramProtocol
	answer *engine.Future[string]
}

func (c *gramCaller) DatagramReceived(p []byte, _ engine.Addr) { c.answer.Complete(string(p), nil) }

// A server and a client of UDP on one loop.
func ExampleLoop_CreateDatagramEndpoint() {
	_, err := engine.Run(context.Background(), func(ctx context.Context) (none struct{}, err error) {
		loop, err := engine.RunningLoop()
		if err != nil {
			return none, err
		}
		server, _, err := loop.CreateDatagramEndpoint(ctx,
			func() engine.DatagramProtocol { return &gramEcho{} },
			engine.DatagramOptions{LocalHost: "127.0.0.1"}) // on a free port
		if err != nil {
			return none, err
		}
		defer server.Close()
		at := server.ExtraInfo("sockname").(*net.UDPAddr)

		caller := &gramCaller{answer: engine.NewFuture[string](loop)}
		client, _, err := loop.CreateDatagramEndpoint(ctx,
			func() engine.DatagramProtocol { return caller },
			engine.DatagramOptions{RemoteHost: at.IP.String(), RemotePort: at.Port})
		if err != nil {
			return none, err
		}
		defer client.Close()
		if err := client.SendTo([]byte("hello"), engine.Addr{}); err != nil { // to the remote side
			return none, err
		}
		answer, err := engine.Await(ctx, caller.answer)
		fmt.Printf("answered %q\n", answer)
		return none, err
	}, engine.Config{})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// received "hello"
	// answered "hello"
}
