package engine

import (
	"context"
	"errors"
	"os"

	"github.com/shardloop/shardloop/engine/internal/sock"
	"github.com/shardloop/shardloop/engine/internal/stream"
)

// ConnectReadPipe makes a transport that reads from a pipe, a FIFO, a terminal or
// another character device, or a socket: connect_read_pipe. It returns when
// ConnectionMade has been called; before DataReceived.
//
// The transport owns the pipe. It takes a duplicate of the descriptor and closes
// the file, so that a later use of it is os.ErrClosed, and a second Close does no
// harm. Only a standard descriptor, 0 to 2, stays open, until the transport
// ends: its number would become another's, which a program that panics writes
// to. The file is left alone when ConnectReadPipe fails with an *ArgError, for what
// is none of the kinds above, a regular file or a directory, say; when f fails; and
// when there is no descriptor for the duplicate. When ctx ends, it is closed. For
// the rest it fails and waits as CreateConnection does; with ErrUnsupported where the
// system has no such descriptors.
//
// From here on the pipe does not block, for every descriptor that shares the open
// file, in other processes too: a terminal, say, or what os.File.Fd made block. It
// stays so at the end. A duplicate of the pipe may go to ConnectWritePipe, if it goes
// both ways.
//
// The end of a pipe that is read differs from a connection:
//
//   - Writes, posts and WriteEOF fail with ErrUnsupported.
//   - When the last writer has closed, the transport is closing at once,
//     EOFReceived is called in the next turn, and ConnectionLost(nil) behind it,
//     whatever EOFReceived returns. A FIFO that nobody has opened for writing yet
//     has not ended.
//   - An error other than EIO, which is how a terminal ends, goes to the exception
//     handler as well as to ConnectionLost.
//   - What is not read when it closes stays in the pipe, for who else has it.
//   - ExtraInfo knows "pipe" alone, a *TransportPipe.
func (l *Loop) ConnectReadPipe(ctx context.Context, f ProtocolFactory, pipe *os.File) (Transport, Protocol, error) {
	return l.connectPipe(ctx, f, pipe, stream.ReadPipe, stream.ReadDevice)
}

// ConnectWritePipe makes a transport that writes to what ConnectReadPipe reads from,
// and owns it in the same way: connect_write_pipe. It fails as that does.
//
// The end of a pipe that is written to differs from a connection:
//
//   - Nothing is read, so PauseReading and ResumeReading do nothing.
//   - WriteEOF is Close.
//   - When nobody reads any more, the transport ends by itself, at once, with nil
//     if all was sent, and with EPIPE if not: what is in the pipe is lost without
//     notice. The same goes for a socket, when its peer ends its own writing. A
//     terminal tells only who writes to it.
//   - ExtraInfo knows "pipe" alone, a *TransportPipe.
func (l *Loop) ConnectWritePipe(ctx context.Context, f ProtocolFactory, pipe *os.File) (Transport, Protocol, error) {
	return l.connectPipe(ctx, f, pipe, stream.WritePipe, stream.WriteDevice)
}

// connectPipe makes the protocol before it takes the file, which is the caller's
// still if there is none.
func (l *Loop) connectPipe(ctx context.Context, f ProtocolFactory, file *os.File, plain, device stream.Kind) (Transport, Protocol, error) {
	if err := checkFactory(f); err != nil {
		return nil, nil, err
	}
	kind, err := pipeKind(file, plain, device)
	if err != nil {
		return nil, nil, err
	}
	m, err := obtain(ctx, l, func(ctx context.Context) (made, error) {
		p, err := makeProtocol(f)
		if err != nil {
			return made{}, err
		}
		e, err := takePipe(file, kind)
		if err != nil {
			return made{}, err
		}
		return l.welcome(ctx, p, Timeouts{}, e)
	}, made.abandon)
	if err != nil {
		if gaveUp(ctx, err) {
			discardPipe(file) // the loop need not have begun with it
		}
		return nil, nil, err
	}
	return m.connection.transport(), m.protocol, nil
}

// gaveUp reports whether err tells that the caller did not want to wait.
func gaveUp(ctx context.Context, err error) bool {
	return errors.Is(err, ErrCancelled) || ctx.Err() != nil && errors.Is(err, context.Cause(ctx))
}

// discardPipe closes a file as takePipe does.
func discardPipe(file *os.File) {
	number := -1
	_ = control(file, func(n int) { number = n }) // it may be closed by now
	if number > lastStandard {
		_ = file.Close()
	}
}

// pipeKind is what a file is to a stream, or an *ArgError.
func pipeKind(file *os.File, plain, device stream.Kind) (stream.Kind, error) {
	if file == nil {
		return 0, badArg("pipe", "must not be nil")
	}
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	switch mode := info.Mode(); {
	case mode&os.ModeCharDevice != 0:
		return device, nil
	case mode&(os.ModeNamedPipe|os.ModeSocket) != 0:
		return plain, nil
	}
	return 0, badArg("pipe", "must be a pipe, a socket or a character device")
}

// lastStandard is standard error.
const lastStandard = 2

// takePipe takes the descriptor out of a file, by a duplicate that the runtime's
// poller has never seen.
func takePipe(file *os.File, kind stream.Kind) (e endpoint, err error) {
	number, fd, dup := -1, -1, error(nil)
	if err := control(file, func(n int) { number = n; fd, dup = sock.Dup(n) }); err != nil {
		return e, err
	}
	if dup != nil {
		return e, pipeError("dup", file.Name(), dup)
	}
	if err := sock.SetNonblock(fd); err != nil {
		_ = sock.Close(fd) // the first error counts
		return e, pipeError("dup", file.Name(), err)
	}
	view := &TransportPipe{name: file.Name(), fd: fd}
	if number <= lastStandard {
		view.standard = file
	} else {
		_ = file.Close() // the transport has a descriptor of its own
	}
	return endpoint{fd: fd, pipe: &pipeEnd{kind, view}}, nil
}
