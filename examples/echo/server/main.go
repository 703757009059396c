// Command server sends back every byte that it gets.
//
//	go run ./examples/echo/server -addr 127.0.0.1:7000
//
// Ctrl-C stops listening and waits for the connections that are open. A second
// Ctrl-C does not wait for them.
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

// echo is one connection. The loop calls its methods, one at a time.
type echo struct {
	engine.BaseProtocol // for the methods that have nothing to do here
	transport           engine.Transport
}

func (e *echo) ConnectionMade(t engine.Transport) { e.transport = t }

// DataReceived must not keep p; Write copies what it cannot send at once. An
// error of Write means that the connection is ending, which ConnectionLost tells.
func (e *echo) DataReceived(p []byte) { e.transport.Write(p) }

// A client that sends and does not read would fill this process's memory. So
// nothing more is read from it while too much waits to be written.
func (e *echo) PauseWriting() { e.transport.PauseReading() }

func (e *echo) ResumeWriting() { e.transport.ResumeReading() }

// serve is the main task. ServeForever returns when the task is cancelled, which
// engine.Run does at SIGINT.
func serve(ctx context.Context, addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return err
	}
	loop, err := engine.RunningLoop()
	if err != nil {
		return err
	}
	server, err := loop.CreateServer(ctx,
		func() engine.Protocol { return &echo{} }, // one for each connection
		engine.ServerOptions{Host: host, Port: port})
	if err != nil {
		return err
	}
	for _, socket := range server.Sockets() {
		at, err := socket.LocalAddr()
		if err != nil {
			return err
		}
		fmt.Println("listening on", at)
	}
	return server.ServeForever(ctx)
}

func main() {
	addr := flag.String("addr", "127.0.0.1:7000", "`address` to listen on; port 0 takes a free one")
	flag.Parse()
	main := func(ctx context.Context) (struct{}, error) { return struct{}{}, serve(ctx, *addr) }
	_, err := engine.Run(context.Background(), main, engine.Config{})
	if err != nil && !errors.Is(err, engine.ErrInterrupted) { // Ctrl-C is how it ends
		log.Fatal(err)
	}
}
