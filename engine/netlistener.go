package engine

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"

	"github.com/shardloop/shardloop/engine/internal/accept"
)

// Listener is a Server as a net.Listener. Listen and ListenUnix make it. Its methods
// may be called on any goroutine, but Accept not on that of a loop, which it would
// block: there it is ErrNotInTask.
//
// The loop accepts ahead of Accept, as many connections as the backlog has, and
// leaves the others to the kernel. When its server is closed by another way than
// Close, by Shutdown say, Accept hands out what was accepted, and then is
// net.ErrClosed.
type Listener struct {
	server  *Server
	addr    net.Addr
	backlog int
	arrival *sync.Cond // of a connection, or the end; on mu

	mu    sync.Mutex
	queue []*Conn // guarded by mu
	held  bool    // the server; guarded by mu
	over  bool    // nothing comes any more; guarded by mu
	end   error   // guarded by mu
}

var _ net.Listener = (*Listener)(nil)

// Listen is CreateServer for package net. It fails and waits as that does.
func Listen(ctx context.Context, l *Loop, o ServerOptions) (*Listener, error) {
	return newListener(ctx, o.Backlog, func(f ProtocolFactory) (*Server, error) { return l.CreateServer(ctx, f, o) })
}

// ListenUnix is CreateUnixServer for package net.
func ListenUnix(ctx context.Context, l *Loop, o UnixServerOptions) (*Listener, error) {
	return newListener(ctx, o.Backlog, func(f ProtocolFactory) (*Server, error) { return l.CreateUnixServer(ctx, f, o) })
}

func newListener(ctx context.Context, backlog int, create func(ProtocolFactory) (*Server, error)) (*Listener, error) {
	if backlog == 0 {
		backlog = defaultBacklog
	}
	k := &Listener{backlog: backlog}
	k.arrival = sync.NewCond(&k.mu)
	s, err := create(func() Protocol { return (*connProtocol)(newConn(k)) })
	if err != nil {
		return nil, err
	}
	k.server = s
	if err := k.open(context.WithoutCancel(ctx)); err != nil {
		_ = k.Close() // the first error counts
		return nil, err
	}
	return k, nil
}

// open learns the address, on the server's loop.
func (k *Listener) open(ctx context.Context) error {
	if err := k.server.loop.exports.add(k); err != nil {
		return err
	}
	return k.onLoop(ctx, func() {
		k.server.listener = k
		if len(k.server.views) > 0 {
			k.addr, _ = k.server.views[0].LocalAddr()
		}
	})
}

// Server is the server below.
func (k *Listener) Server() *Server { return k.server }

// Addr implements net.Listener: of several sockets the first.
func (k *Listener) Addr() net.Addr { return k.addr }

// Accept implements net.Listener.
func (k *Listener) Accept() (net.Conn, error) {
	if err := mayBlock(); err != nil {
		return nil, k.opError(err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for len(k.queue) == 0 && k.end == nil && !k.over {
		k.arrival.Wait()
	}
	switch {
	case k.end != nil:
		return nil, k.opError(k.end)
	case len(k.queue) == 0:
		return nil, k.opError(net.ErrClosed)
	}
	c := k.queue[0]
	k.queue = slices.Delete(k.queue, 0, 1)
	if k.held && len(k.queue) <= k.backlog/2 {
		k.held = false
		_ = k.server.loop.r.Post(func(any) { k.release() }, nil) // a closed loop ends it
	}
	return c, nil
}

// release lets the server accept again, unless it has a reason of its own, or has
// filled the queue meanwhile.
func (k *Listener) release() {
	k.mu.Lock()
	k.server.enough = k.held
	k.mu.Unlock()
	if !k.server.isFull() {
		k.server.resume()
	}
}

// arrived takes a connection on the loop. One that nobody will accept is ended, as
// by a kernel whose socket was closed.
func (k *Listener) arrived(c *Conn) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.end != nil {
		c.transport.Abort()
		return
	}
	k.queue = append(k.queue, c)
	if len(k.queue) >= k.backlog {
		k.held = true
		s := c.transport.(*connection).server // k may not know it yet
		s.enough = true
		s.hold((*accept.Listener).Hold)
	}
	k.arrival.Signal()
}

// tellListener ends a Listener whose server is closed, behind the protocols' learning
// of the last connections.
func (s *Server) tellListener() {
	if s.listener != nil && s.state == serverClosed && len(s.greeting) == 0 {
		_ = s.loop.r.Soon(serverGone, s.listener) // a closed loop ends it
	}
}

func serverGone(arg any) { arg.(*Listener).serverGone() }

// serverGone ends Accept when the queue is empty. Close is still to be called.
func (k *Listener) serverGone() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.over = true
	k.arrival.Broadcast()
}

// Close implements net.Listener. The sockets are closed when it returns, if the loop
// runs, and connections that nobody has accepted are ended. The others go on. On the
// goroutine of another loop it does not wait for that.
func (k *Listener) Close() error {
	queue, ok := k.shut(net.ErrClosed)
	if !ok {
		return k.opError(net.ErrClosed)
	}
	k.server.loop.exports.remove(k)
	return k.onLoop(context.Background(), func() {
		k.server.Close()
		for _, c := range queue {
			c.transport.Abort()
		}
	})
}

// shut ends Accept, and returns what is queued. Only the first call does.
func (k *Listener) shut(err error) (queue []*Conn, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.end != nil {
		return nil, false
	}
	queue, k.queue, k.end = k.queue, nil, err
	k.arrival.Broadcast()
	return queue, true
}

// abandon is the end for a loop that is closed.
func (k *Listener) abandon(err error) { _, _ = k.shut(err) }

// onLoop calls fn on the loop, and waits for it if that runs and the caller may. A
// closed one has nothing open.
func (k *Listener) onLoop(ctx context.Context, fn func()) error {
	l := k.server.loop
	if l.onLoop() {
		fn()
		return nil
	}
	_, err := perform(ctx, l, func(context.Context) (struct{}, error) { fn(); return struct{}{}, nil })
	switch {
	case errors.Is(err, ErrLoopNotRunning), errors.Is(err, ErrNotInTask):
		return l.r.Post(func(any) { fn() }, nil)
	case errors.Is(err, ErrLoopClosed):
		return nil
	}
	return err
}

func (k *Listener) opError(err error) error {
	network := "tcp"
	if k.addr != nil {
		network = k.addr.Network()
	}
	return &net.OpError{Op: "accept", Net: network, Addr: k.addr, Err: err}
}
