// Command proxy passes TCP connections on to another address, on one loop for each
// core.
//
//	go run ./examples/proxy -addr 127.0.0.1:7001 -to 127.0.0.1:7000
//
// Each connection takes two descriptors. Without -max clients could take all of
// them, and nothing would be left to connect them with.
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
	"time"

	"github.com/shardloop/shardloop/engine"
)

// serve is the main task: it serves until it is cancelled, which Group.Run does at
// SIGINT.
func serve(ctx context.Context, g *engine.Group, addr string, most int, to engine.ConnectOptions) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return err
	}
	server, err := g.CreateServer(ctx, func() engine.Protocol { return newFront(to) },
		engine.GroupServerOptions{ServerOptions: engine.ServerOptions{
			Host: host, Port: port, MaxConnections: most, Timeouts: to.Timeouts,
		}})
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
	loop, err := engine.RunningLoop()
	if err != nil {
		return err
	}
	_, err = engine.Await(ctx, engine.NewFuture[struct{}](loop)) // until the end of the task
	server.Close()
	return errors.Join(err, server.WaitClosed(ctx))
}

func main() {
	addr := flag.String("addr", "127.0.0.1:7001", "`address` to listen on; port 0 takes a free one")
	target := flag.String("to", "127.0.0.1:7000", "`address` to connect to")
	loops := flag.Int("loops", 0, "how many loops; 0 is one for each core")
	most := flag.Int("max", 400, "how many connections may be open; further ones wait")
	idle := flag.Duration("idle", 10*time.Minute, "how long a connection may be silent")
	flag.Parse()
	host, port, err := net.SplitHostPort(*target)
	if err != nil {
		log.Fatal(err)
	}
	to := engine.ConnectOptions{Host: host, Port: port, Timeouts: engine.Timeouts{Idle: *idle}}
	g, err := engine.NewGroup(*loops, engine.Config{})
	if err != nil {
		log.Fatal(err)
	}
	err = g.Run(context.Background(), func(ctx context.Context) error { return serve(ctx, g, *addr, *most, to) })
	if err != nil && !errors.Is(err, engine.ErrInterrupted) { // Ctrl-C is how it ends
		log.Fatal(err)
	}
}
