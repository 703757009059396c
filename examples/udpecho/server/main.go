// Command server sends back every datagram that it gets.
//
//	go run ./examples/udpecho/server -addr 127.0.0.1:7000
//
// Ctrl-C ends it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"

	"github.com/shardloop/shardloop/engine"
)

// echo is one socket, whoever sends to it. The loop calls its methods, one at a
// time.
type echo struct {
	engine.BaseDatagramProtocol // for the methods that have nothing to do here
	transport                   engine.DatagramTransport
	full                        bool
}

func (e *echo) ConnectionMade(t engine.DatagramTransport) { e.transport = t }

// DatagramReceived answers while there is room: UDP may lose a datagram, so that
// dropping one is better than a queue without end. SendTo copies p.
func (e *echo) DatagramReceived(p []byte, from engine.Addr) {
	if e.full {
		return
	}
	if err := e.transport.SendTo(p, from); err != nil {
		log.Print(err)
	}
}

// ErrorReceived is told what became of single datagrams. The endpoint goes on.
func (e *echo) ErrorReceived(err error) { log.Print(err) }

func (e *echo) PauseWriting() { e.full = true }

func (e *echo) ResumeWriting() { e.full = false }

// serve is the main task. It waits for its end, which engine.Run brings at SIGINT.
func serve(ctx context.Context, addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return err
	}
	loop, err := engine.RunningLoop()
	if err != nil {
		return err
	}
	t, _, err := loop.CreateDatagramEndpoint(ctx,
		func() engine.DatagramProtocol { return &echo{} },
		engine.DatagramOptions{LocalHost: host, LocalPort: port})
	if err != nil {
		return err
	}
	defer t.Close()
	fmt.Println("receiving on", t.ExtraInfo("sockname"))
	_, err = engine.Await(ctx, engine.NewFuture[struct{}](loop))
	return err
}

func main() {
	addr := flag.String("addr", "127.0.0.1:7000", "`address` to receive on; port 0 takes a free one")
	flag.Parse()
	main := func(ctx context.Context) (struct{}, error) { return struct{}{}, serve(ctx, *addr) }
	_, err := engine.Run(context.Background(), main, engine.Config{})
	if err != nil && !errors.Is(err, engine.ErrInterrupted) { // Ctrl-C is how it ends
		log.Fatal(err)
	}
}
