// Command client sends its standard input to a server and prints the answer.
//
//	echo hello | go run ./examples/echo/client -addr 127.0.0.1:7000
//
// At the end of the input it says so to the server, and goes on printing until
// the server ends the connection.
package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"log"
	"net"
	"os"

	"github.com/shardloop/shardloop/engine"
)

// printer prints what comes, and completes ended when the connection is gone.
type printer struct {
	engine.BaseProtocol // for the methods that have nothing to do here
	transport           engine.Transport
	ended               *engine.Future[struct{}]
	failed              error // of standard input or output
}

func (c *printer) ConnectionMade(t engine.Transport) { c.transport = t }

// DataReceived writes to standard output, which may block the loop. That is
// right for a program with one connection: it reads as fast as it can print.
func (c *printer) DataReceived(p []byte) {
	if _, err := os.Stdout.Write(p); err != nil {
		c.failed = err
		c.transport.Abort()
	}
}

func (c *printer) ConnectionLost(err error) {
	c.ended.Complete(struct{}{}, errors.Join(c.failed, err)) // fails when main was cancelled
}

// post writes to a transport from another goroutine than the loop's.
type post struct {
	ctx       context.Context
	transport engine.Transport
}

// Write waits until there is room, so that a slow server slows the input down.
func (w post) Write(p []byte) (int, error) {
	if err := w.transport.PostWait(w.ctx, p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// send copies the input, which blocks: it has a goroutine of its own.
func (c *printer) send(ctx context.Context, input io.Reader) {
	_, err := io.Copy(post{ctx, c.transport}, input)
	c.transport.Loop().CallSoonThreadsafe(func() { // transports are for their loop alone
		if err != nil {
			c.failed = err
			c.transport.Abort()
			return
		}
		c.transport.WriteEOF() // after all that was posted before
	})
}

// talk is the main task.
func talk(ctx context.Context, addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return err
	}
	loop, err := engine.RunningLoop()
	if err != nil {
		return err
	}
	c := &printer{ended: engine.NewFuture[struct{}](loop)}
	t, _, err := loop.CreateConnection(ctx,
		func() engine.Protocol { return c },
		engine.ConnectOptions{Host: host, Port: port})
	if err != nil {
		return err
	}
	defer t.Abort() // does nothing when the connection has ended
	go c.send(ctx, os.Stdin)
	_, err = engine.Await(ctx, c.ended)
	return err
}

func main() {
	addr := flag.String("addr", "127.0.0.1:7000", "`address` to connect to")
	flag.Parse()
	main := func(ctx context.Context) (struct{}, error) { return struct{}{}, talk(ctx, *addr) }
	if _, err := engine.Run(context.Background(), main, engine.Config{}); err != nil {
		log.Fatal(err)
	}
}
