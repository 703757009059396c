package engine

import "context"

// defaultStreamLimit is asyncio's.
const defaultStreamLimit = 64 << 10

// StreamOptions are what the calls that make streams have besides the options of
// the connection or the server.
type StreamOptions struct {
	// Limit is how long a line may be, and half of what a StreamReader holds before
	// it pauses its transport: limit. 0 is 64 KiB.
	Limit int
}

func (o StreamOptions) validate() error {
	if o.Limit < 0 {
		return badArg("Limit", "must not be negative")
	}
	return nil
}

func (o StreamOptions) limit() int {
	if o.Limit == 0 {
		return defaultStreamLimit
	}
	return o.Limit
}

// StreamHandler is called for each connection of a server, in a task of its own on
// the connection's loop: client_connected_cb. An error that it returns, and a
// panic, goes to the exception handler and closes the connection, and a
// cancellation closes it. One that returns nil leaves the connection as it is: it
// has closed the writer, or has given it to somebody.
type StreamHandler func(ctx context.Context, r *StreamReader, w *StreamWriter) error

// OpenConnection is CreateConnection for coroutines: open_connection. It fails and
// waits as that does.
func OpenConnection(ctx context.Context, l *Loop, o ConnectOptions, s StreamOptions) (*StreamReader, *StreamWriter, error) {
	return openStream(s, func(f ProtocolFactory) (Transport, Protocol, error) { return l.CreateConnection(ctx, f, o) })
}

// OpenUnixConnection is CreateUnixConnection for coroutines: open_unix_connection.
func OpenUnixConnection(ctx context.Context, l *Loop, o UnixConnectOptions, s StreamOptions) (*StreamReader, *StreamWriter, error) {
	return openStream(s, func(f ProtocolFactory) (Transport, Protocol, error) { return l.CreateUnixConnection(ctx, f, o) })
}

func openStream(o StreamOptions, connect func(ProtocolFactory) (Transport, Protocol, error)) (*StreamReader, *StreamWriter, error) {
	if err := o.validate(); err != nil {
		return nil, nil, err
	}
	_, p, err := connect(func() Protocol { return newStreamProtocol(nil, o) })
	if err != nil {
		return nil, nil, err
	}
	s := p.(*streamProtocol)
	return &s.reader, &s.writer, nil
}

// StartServer is CreateServer for coroutines: start_server. h runs as a task for
// each connection. It fails and waits as CreateServer does.
func StartServer(ctx context.Context, l *Loop, h StreamHandler, o ServerOptions, s StreamOptions) (*Server, error) {
	f, err := streamFactory(h, s)
	if err != nil {
		return nil, err
	}
	return l.CreateServer(ctx, f, o)
}

// StartUnixServer is CreateUnixServer for coroutines: start_unix_server.
func StartUnixServer(ctx context.Context, l *Loop, h StreamHandler, o UnixServerOptions, s StreamOptions) (*Server, error) {
	f, err := streamFactory(h, s)
	if err != nil {
		return nil, err
	}
	return l.CreateUnixServer(ctx, f, o)
}

func streamFactory(h StreamHandler, o StreamOptions) (ProtocolFactory, error) {
	if h == nil {
		return nil, badArg("h", "must not be nil")
	}
	return func() Protocol { return newStreamProtocol(h, o) }, o.validate()
}
