package engine

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	"github.com/shardloop/shardloop/engine/internal/accept"
)

// SuccessorOptions are what a process hands over to its successor, and where.
type SuccessorOptions struct {
	// Path is the unix socket at which the two meet. Only the same user may use it.
	// The file is removed when it is over; one that nobody listens at any more is
	// replaced.
	Path string

	// Servers are what is handed over, by the names that the successor has for
	// their sockets: 1 to 255 printable ASCII characters, without a colon.
	Servers map[string]ListeningServer

	// Timeout is how long a successor may take from its call to its
	// acknowledgement; 0 is a minute.
	Timeout time.Duration

	// Logger takes what comes of successors that fail; nil is silent.
	Logger *slog.Logger
}

func (o *SuccessorOptions) validate() error {
	if err := checkRendezvous("Path", o.Path); err != nil {
		return err
	}
	if o.Timeout < 0 {
		return badArg("Timeout", "must not be negative")
	}
	if o.Timeout == 0 {
		o.Timeout = time.Minute
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return checkServers("Servers", o.Servers)
}

// AwaitSuccessor waits until another process has called TakeOver and acknowledged
// that it serves, and then has the servers Relinquish. Successors that fail before
// that change nothing: the next one may come.
//
// What was accepted is the caller's to wait for, by WaitClosed of the servers, and
// to end, by Shutdown.
//
// It fails with an *ArgError; with a *net.OpError when it cannot listen at the path,
// because another process waits there, say; with ErrServerClosed when a server is;
// with ErrUnsupported where the system does not pass descriptors on; and with the
// cause of ctx. In all of these cases the servers serve on. When it is over, it is
// what Relinquish says. It blocks the goroutine: on a loop it is ErrNotInTask.
func AwaitSuccessor(ctx context.Context, o SuccessorOptions) error {
	if err := o.validate(); err != nil {
		return err
	}
	list, err := duplicates(ctx, o.Servers)
	if err != nil {
		return err
	}
	if err := list.Close(); err != nil {
		return err
	}
	r, err := meetAt(o.Path, o.Logger)
	if err != nil {
		return err
	}
	defer r.close()
	defer context.AfterFunc(ctx, r.close)()
	return o.await(ctx, r)
}

// await tries one successor after the other.
func (o *SuccessorOptions) await(ctx context.Context, r *rendezvous) error {
	for {
		over, err := o.attempt(ctx, r)
		switch {
		case over, errors.Is(err, ErrServerClosed):
			return err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
		o.Logger.Warn("a successor has failed", "path", o.Path, "error", err)
	}
}

// attempt hands over to the next successor. It is over when that has acknowledged.
func (o *SuccessorOptions) attempt(ctx context.Context, r *rendezvous) (over bool, err error) {
	c, err := r.accept(ctx)
	if err != nil {
		return false, err
	}
	defer c.Close()
	limited, cancel := context.WithTimeoutCause(ctx, o.Timeout, ErrTimeout)
	defer cancel()
	err = bounded(limited, c, func() error {
		if err := checkPeer(c); err != nil {
			return err
		}
		return o.offer(limited, c)
	})
	if err != nil {
		return false, err
	}
	return true, o.leave(ctx, r, c)
}

// offer gives the successor the sockets and waits for its acknowledgement.
func (o *SuccessorOptions) offer(ctx context.Context, c *net.UnixConn) error {
	list, err := duplicates(ctx, o.Servers)
	if err != nil {
		return err
	}
	err = passSockets(c, list)
	_ = list.Close() // what was sent is on its way
	if err != nil {
		return err
	}
	return awaitAck(c)
}

// leave is for good: the successor serves.
func (o *SuccessorOptions) leave(ctx context.Context, r *rendezvous, c *net.UnixConn) error {
	var errs []error
	for _, s := range o.Servers {
		errs = append(errs, s.Relinquish(ctx))
	}
	r.close() // before the successor waits there itself
	_ = c.SetDeadline(time.Now().Add(o.Timeout))
	_ = acknowledge(c) // it serves, whether it wants to know or not
	return errors.Join(errs...)
}

// rendezvous is where a process waits for successors.
type rendezvous struct {
	listener *net.UnixListener
	files    []*unixFile
	log      *slog.Logger
	closing  sync.Once
}

// meetAt listens at a path that only this user may use: nobody is let in before it
// is so.
func meetAt(path string, log *slog.Logger) (*rendezvous, error) {
	k, err := (&UnixServerOptions{Path: path, StrictBind: true}).bind()
	if err != nil {
		return nil, err
	}
	defer k.Close()
	r := &rendezvous{files: filesOf(k), log: log}
	for _, f := range r.files {
		err = errors.Join(err, os.Chmod(f.path, 0o600))
	}
	if err == nil {
		err = k.Listen(defaultBacklog)
	}
	if err == nil {
		r.listener, err = listenerOf(k)
	}
	if err != nil {
		removeFiles(r.files, log)
		return nil, err
	}
	return r, nil
}

// listenerOf is a listener of package net for a socket, which may be closed.
func listenerOf(k *Socket) (*net.UnixListener, error) {
	fd, err := k.take("listen")
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), "successor")
	defer f.Close()
	l, err := net.FileListener(f)
	if err != nil {
		return nil, err
	}
	return l.(*net.UnixListener), nil
}

// close removes the file, once: another process may have it next, and the system
// gives the number of a file that was removed to the next one.
func (r *rendezvous) close() {
	r.closing.Do(func() {
		_ = r.listener.Close() // it has served
		removeFiles(r.files, r.log)
	})
}

// accept is the next successor. When the system has no descriptor for it, it waits
// as any listener does.
func (r *rendezvous) accept(ctx context.Context) (*net.UnixConn, error) {
	c, err := r.listener.AcceptUnix()
	if err == nil {
		return c, nil
	}
	pause := time.NewTimer(accept.RetryDelay)
	defer pause.Stop()
	select {
	case <-ctx.Done():
	case <-pause.C:
	}
	return nil, err
}
