package engine

import (
	"context"
	"crypto/tls"
	"fmt"
)

// StreamWriter is the bytes that go out on a connection, for coroutines: asyncio's
// StreamWriter. OpenConnection and StartServer make it. Its methods are loop only,
// but for Drain, WaitClosed and StartTLS, which wait, and may be called as Await.
// Other goroutines write with Transport().Post and its kin.
//
// A writer does not close itself: whoever has it calls Close.
type StreamWriter struct {
	loop      *Loop
	transport Transport
	protocol  *streamProtocol
}

// Write sends a copy of p, as Transport.Write does: write. Drain behind it keeps
// the write buffer small.
func (w *StreamWriter) Write(p []byte) (int, error) { return w.transport.Write(p) }

// Writev is Write for several pieces in one call: writelines.
func (w *StreamWriter) Writev(bufs [][]byte) (int, error) { return w.transport.Writev(bufs) }

// WriteEOF ends the writing side when all was sent: write_eof.
func (w *StreamWriter) WriteEOF() error { return w.transport.WriteEOF() }

// CanWriteEOF reports whether WriteEOF works: can_write_eof.
func (w *StreamWriter) CanWriteEOF() bool { return w.transport.CanWriteEOF() }

// Close ends the connection when all was sent: close. WaitClosed waits for that.
func (w *StreamWriter) Close() { w.transport.Close() }

// IsClosing reports whether the connection is closing or lost: is_closing.
func (w *StreamWriter) IsClosing() bool { return w.transport.IsClosing() }

// ExtraInfo is what is known of the connection: get_extra_info.
func (w *StreamWriter) ExtraInfo(key string) any { return w.transport.ExtraInfo(key) }

// Transport is the transport that the writer writes to: transport. Any goroutine.
func (w *StreamWriter) Transport() Transport { return w.transport }

// String shows the transport. Loop only.
func (w *StreamWriter) String() string { return fmt.Sprintf("<StreamWriter %v>", w.transport) }

// Drain waits until there is room for more to write: drain. It returns at once
// while the write buffer has not passed the high mark; beyond that it waits until
// the buffer is down to the low mark. Any number of tasks may wait.
//
// It fails with the error of the connection, and with ErrConnectionLost when it
// was lost without one. On a connection that is closing it lets the loop have a
// turn first, so that a task which only writes and drains learns of the end. It
// costs nothing when there is nothing to wait for.
func (w *StreamWriter) Drain(ctx context.Context) error {
	if t, here := taskHere(ctx); here && t.loop == w.loop {
		return w.drain(ctx)
	}
	_, err := perform(ctx, w.loop, func(ctx context.Context) (struct{}, error) { return nothing(w.drain(ctx)) })
	return err
}

func (w *StreamWriter) drain(ctx context.Context) error {
	if err := w.protocol.reader.err; err != nil {
		return err
	}
	if w.transport.IsClosing() {
		if err := Sleep(ctx, 0); err != nil {
			return err
		}
	}
	return w.protocol.flow.wait(ctx, w.loop)
}

// WaitClosed waits until the connection is lost, and returns the error that ended
// it: wait_closed. It does not close.
func (w *StreamWriter) WaitClosed(ctx context.Context) error {
	_, err := perform(ctx, w.loop, func(ctx context.Context) (struct{}, error) { return nothing(w.protocol.waitClosed(ctx)) })
	return err
}

// StartTLS encrypts the connection from here on: start_tls. There is no TLS yet:
// what is right is refused with ErrUnsupported. An empty server hostname is that
// of the config.
func (w *StreamWriter) StartTLS(_ context.Context, c *tls.Config, serverHostname string, o TLSOptions) error {
	if c == nil {
		return badArg("c", "must not be nil")
	}
	if w.protocol.handler != nil {
		return validateServerTLS(c, o)
	}
	return validateClientTLS(c, o, serverHostname, false, "")
}
