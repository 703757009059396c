//go:build unix

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// serveUntilReplaced serves on the sockets of the process before it, or on a port of its
// own, until the next one has taken over. It is the main function of a program that
// is restarted without losing a connection.
func serveUntilReplaced(path, name string, serving chan<- string) error {
	ctx := context.Background()
	group, err := engine.NewGroup(2, engine.Config{})
	if err != nil {
		return err
	}
	if err := group.Start(); err != nil {
		return err
	}

	options := engine.ServerOptions{Host: "127.0.0.1"}
	before, err := engine.TakeOver(ctx, path)
	switch {
	case err == nil:
		options = engine.ServerOptions{Socks: before.Sockets.Named("web")}
		defer before.Close() // what no server has taken
	case !errors.Is(err, engine.ErrNoPredecessor):
		return err
	}
	server, err := group.CreateServer(ctx, echo, engine.GroupServerOptions{ServerOptions: options})
	if err != nil {
		return err
	}
	if before != nil {
		if err := before.Acknowledge(ctx); err != nil {
			log.Print(err) // the process before this one serves too
		}
	}
	serving <- name + " serves"

	err = engine.AwaitSuccessor(ctx, engine.SuccessorOptions{
		Path: path, Servers: map[string]engine.ListeningServer{"web": server},
	})
	patience, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	_ = server.WaitClosed(patience) // then Shutdown ends what is left
	_, late := server.Shutdown(patience)
	_, failed := group.Shutdown(ctx)
	return errors.Join(err, late, failed)
}

// A server hands its listening sockets over to its successor, which is another
// process as a rule.
func ExampleAwaitSuccessor() {
	dir, err := os.MkdirTemp("", "restart")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path, serving, ended := filepath.Join(dir, "next"), make(chan string), make(chan error)

	go func() { ended <- serveUntilReplaced(path, "the first", serving) }()
	fmt.Println(<-serving)
	waitForFile(path)
	go func() { ended <- serveUntilReplaced(path, "the second", serving) }()
	fmt.Println(<-serving)
	fmt.Println("the first ended with", <-ended)

	waitForFile(path)
	next, err := engine.TakeOver(context.Background(), path)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("acknowledged:", next.Acknowledge(context.Background()))
	fmt.Println("the second ended with", <-ended, next.Close())
	// Output:
	// the first serves
	// the second serves
	// the first ended with <nil>
	// acknowledged: <nil>
	// the second ended with <nil> <nil>
}
