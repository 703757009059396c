//go:build unix

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"

	"github.com/shardloop/shardloop/engine"
)

// A server that answers each line in capital letters, one task for each connection.
// The line is a view of the reader's buffer: it is the handler's to change, until
// the next read.
func ExampleStartServer() {
	capitals := func(ctx context.Context, r *engine.StreamReader, w *engine.StreamWriter) error {
		defer w.Close()
		for line, err := range r.Lines(ctx) {
			if err != nil {
				return err
			}
			for i, c := range line {
				if 'a' <= c && c <= 'z' {
					line[i] = c - 'a' + 'A'
				}
			}
			if _, err := w.Write(line); err != nil {
				return err
			}
			if err := w.Drain(ctx); err != nil {
				return err
			}
		}
		return nil
	}
	_, err := engine.Run(context.Background(), func(ctx context.Context) (none, error) {
		loop, _ := engine.RunningLoop() // runs this
		server, err := engine.StartServer(ctx, loop, capitals, engine.ServerOptions{Host: "127.0.0.1"}, engine.StreamOptions{})
		if err != nil {
			return none{}, err
		}
		defer server.Close()
		at, err := server.Sockets()[0].LocalAddr()
		if err != nil {
			return none{}, err
		}
		return none{}, ask(ctx, loop, at.(*net.TCPAddr).Port)
	}, engine.Config{})
	if err != nil {
		log.Fatal(err)
	}
	// Output: HELLO
}

// ask is the other side.
func ask(ctx context.Context, loop *engine.Loop, port int) error {
	r, w, err := engine.OpenConnection(ctx, loop, engine.ConnectOptions{Host: "127.0.0.1", Port: port}, engine.StreamOptions{})
	if err != nil {
		return err
	}
	defer w.Close()
	if _, err := w.Write([]byte("hello\n")); err != nil {
		return err
	}
	line, err := r.ReadLine(ctx)
	fmt.Print(string(line))
	return err
}

// Messages with their length ahead. A message that is cut off is told apart from an
// end between two.
func ExampleStreamReader_ReadExactly() {
	messages := func(ctx context.Context, r *engine.StreamReader) error {
		for {
			length, err := r.ReadExactly(ctx, 1)
			if err != nil {
				return err
			}
			message, err := r.ReadExactly(ctx, int(length[0]))
			if err != nil {
				return err
			}
			fmt.Printf("%s\n", message)
		}
	}
	_, err := engine.Run(context.Background(), func(ctx context.Context) (none, error) {
		loop, _ := engine.RunningLoop() // runs this
		a, b, err := engine.SocketPair(engine.AFUnix, engine.SockStream, 0)
		if err != nil {
			return none{}, err
		}
		_, w, err := engine.OpenUnixConnection(ctx, loop, engine.UnixConnectOptions{Sock: a}, engine.StreamOptions{})
		if err != nil {
			return none{}, err
		}
		r, other, err := engine.OpenUnixConnection(ctx, loop, engine.UnixConnectOptions{Sock: b}, engine.StreamOptions{})
		if err != nil {
			return none{}, err
		}
		defer other.Close()
		if _, err := w.Write([]byte("\x03one\x05three\x04fo")); err != nil {
			return none{}, err
		}
		w.Close()
		err = messages(ctx, r)
		var short *engine.IncompleteReadError
		if errors.As(err, &short) {
			fmt.Printf("%q of %d bytes\n", short.Partial, short.Expected)
		}
		return none{}, nil
	}, engine.Config{})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// one
	// three
	// "fo" of 4 bytes
}

// Package net/http serves and asks over a loop. It blocks its goroutines, so none of
// them may be the loop's.
func ExampleListen() {
	text, err := engine.Run(context.Background(), func(ctx context.Context) (string, error) {
		loop, _ := engine.RunningLoop() // runs this
		listener, err := engine.Listen(ctx, loop, engine.ServerOptions{Host: "127.0.0.1"})
		if err != nil {
			return "", err
		}
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, "hello from a loop")
		})}
		go server.Serve(listener)
		defer server.Close()
		return engine.Await(ctx, engine.RunInExecutor(loop, nil, func() (string, error) {
			return get(loop, "http://"+listener.Addr().String())
		}))
	}, engine.Config{})
	fmt.Println(text, err)
	// Output: hello from a loop <nil>
}

// get asks by a connection of the loop.
func get(loop *engine.Loop, url string) (string, error) {
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			host, port, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			return engine.Dial(ctx, loop, engine.ConnectOptions{Host: host, Port: port})
		},
	}}
	defer client.CloseIdleConnections()
	answer, err := client.Get(url)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return string(text), err
}
