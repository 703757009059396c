package servers

import (
	"context"

	"github.com/shardloop/shardloop/engine"
)

// reads is a read of the next request.
type reads func(ctx context.Context, r *engine.StreamReader) ([]byte, error)

func readLine(ctx context.Context, r *engine.StreamReader) ([]byte, error) { return r.ReadLine(ctx) }

func readExactly(ctx context.Context, r *engine.StreamReader) ([]byte, error) {
	return r.ReadExactly(ctx, PipelinedSize)
}

// engineStreams is a task for each connection, which sends back what it reads.
func engineStreams(read reads) Server {
	return engineServing(func(ctx context.Context, l *engine.Loop, at engineAddress) (*engine.Server, error) {
		h := func(ctx context.Context, r *engine.StreamReader, w *engine.StreamWriter) error {
			answerReads(ctx, r, w, read)
			w.Close()
			return nil
		}
		if at.unix != "" {
			return engine.StartUnixServer(ctx, l, h, engine.UnixServerOptions{Path: at.unix}, engine.StreamOptions{})
		}
		return engine.StartServer(ctx, l, h, engine.ServerOptions{Host: at.host, Port: at.port}, engine.StreamOptions{})
	})
}

// answerReads goes on until the connection ends; the client tells why.
func answerReads(ctx context.Context, r *engine.StreamReader, w *engine.StreamWriter, read reads) {
	for {
		request, err := read(ctx, r)
		if err == nil {
			_, err = w.Write(request)
		}
		if err == nil {
			err = w.Drain(ctx)
		}
		if err != nil {
			return
		}
	}
}
