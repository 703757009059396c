//go:build unix

package engine_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/exec"

	"github.com/shardloop/shardloop/engine"
)

// printer prints what comes out of a pipe, and tells when that is over.
type printer struct {
	engine.BaseProtocol
	over *engine.Future[struct{}]
}

func (p *printer) DataReceived(data []byte) { fmt.Printf("received: %s\n", data) }

func (p *printer) ConnectionLost(err error) {
	fmt.Println("lost:", err)
	p.over.SetResult(struct{}{})
}

// A program's output is read on the loop, without a goroutine that waits for it.
func ExampleLoop_ConnectReadPipe() {
	_, err := engine.Run(context.Background(), func(ctx context.Context) (struct{}, error) {
		loop, err := engine.RunningLoop()
		if err != nil {
			return struct{}{}, err
		}
		r, w, err := os.Pipe()
		if err != nil {
			return struct{}{}, err
		}
		p := &printer{over: engine.NewFuture[struct{}](loop)}
		if _, _, err := loop.ConnectReadPipe(ctx, func() engine.Protocol { return p }, r); err != nil {
			return struct{}{}, err
		}
		child := exec.Command("echo", "hello")
		child.Stdout = w
		if err := child.Start(); err != nil {
			return struct{}{}, err
		}
		w.Close() // the child has its own
		if _, err := engine.Await(ctx, p.over); err != nil {
			return struct{}{}, err
		}
		return engine.Await(ctx, engine.RunInExecutor(loop, nil, func() (struct{}, error) { return struct{}{}, child.Wait() }))
	}, engine.Config{})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// received: hello
	//
	// lost: <nil>
}

// What is written to a pipe waits, without blocking the loop, until somebody reads.
func ExampleLoop_ConnectWritePipe() {
	_, err := engine.Run(context.Background(), func(ctx context.Context) (struct{}, error) {
		loop, err := engine.RunningLoop()
		if err != nil {
			return struct{}{}, err
		}
		r, w, err := os.Pipe()
		if err != nil {
			return struct{}{}, err
		}
		defer r.Close()
		p := &printer{over: engine.NewFuture[struct{}](loop)}
		out, _, err := loop.ConnectWritePipe(ctx, func() engine.Protocol { return p }, w)
		if err != nil {
			return struct{}{}, err
		}
		if _, err := out.Write([]byte("hello")); err != nil {
			return struct{}{}, err
		}
		if err := out.WriteEOF(); err != nil {
			return struct{}{}, err
		}
		if _, err := engine.Await(ctx, p.over); err != nil {
			return struct{}{}, err
		}
		data := make([]byte, 100)
		n, err := r.Read(data)
		fmt.Printf("in the pipe: %s\n", data[:n])
		return struct{}{}, err
	}, engine.Config{})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// lost: <nil>
	// in the pipe: hello
}
