// Command client sends a message to a server and prints the answer.
//
//	go run ./examples/udpecho/client -addr 127.0.0.1:7000 hello
//
// A datagram may get lost, so the message is sent again when no answer comes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"strings"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// asker waits for one answer, or for what is said in its place.
type asker struct {
	engine.BaseDatagramProtocol // for the methods that have nothing to do here
	answer                      *engine.Future[string]
}

// DatagramReceived must not keep p, and string copies it. A second answer, to a
// message that was sent twice, is one too many for the future, and dropped.
func (a *asker) DatagramReceived(p []byte, _ engine.Addr) { a.answer.Complete(string(p), nil) }

// ErrorReceived is told that nobody receives there.
func (a *asker) ErrorReceived(err error) { a.answer.Complete("", err) }

// ask is the main task.
func ask(ctx context.Context, addr, message string, tries int, patience time.Duration) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return err
	}
	loop, err := engine.RunningLoop()
	if err != nil {
		return err
	}
	a := &asker{answer: engine.NewFuture[string](loop)}
	t, _, err := loop.CreateDatagramEndpoint(ctx,
		func() engine.DatagramProtocol { return a },
		engine.DatagramOptions{RemoteHost: host, RemotePort: port})
	if err != nil {
		return err
	}
	defer t.Close()
	for range tries {
		if err := t.SendTo([]byte(message), engine.Addr{}); err != nil { // to the remote side
			return err
		}
		answer, err := engine.WaitFor(ctx, engine.Shield(a.answer), patience)
		if errors.Is(err, engine.ErrTimeout) {
			continue
		}
		if err == nil {
			fmt.Println(answer)
		}
		return err
	}
	return fmt.Errorf("no answer to %d messages", tries)
}

func main() {
	addr := flag.String("addr", "127.0.0.1:7000", "`address` to send to")
	tries := flag.Int("tries", 5, "`number` of messages to send until one is answered")
	patience := flag.Duration("patience", time.Second, "`time` to wait for each answer")
	flag.Parse()
	message := strings.Join(flag.Args(), " ")
	main := func(ctx context.Context) (struct{}, error) {
		return struct{}{}, ask(ctx, *addr, message, *tries, *patience)
	}
	if _, err := engine.Run(context.Background(), main, engine.Config{}); err != nil {
		log.Fatal(err)
	}
}
