package engine

import (
	"context"
	"errors"

	"github.com/shardloop/shardloop/engine/internal/sock"
	"github.com/shardloop/shardloop/poller"
)

// dialing is a connect that takes time. The descriptor becomes writable at its
// end.
type dialing struct {
	loop   *Loop
	fd     int
	token  poller.Token
	future *Future[struct{}]
}

// connectSocket connects a descriptor, and waits for that. Whatever the error, the
// descriptor stays the caller's, and is not registered any more. In a task.
func (l *Loop) connectSocket(ctx context.Context, fd int, kind sock.Kind, to sock.Addr) error {
	pending, err := sock.Connect(fd, kind.Family, to)
	if err == nil && pending {
		err = l.dial(ctx, fd)
	}
	if err == nil || errors.Is(err, ErrCancelled) {
		return err
	}
	local, _ := sock.Name(fd) // none with an error
	return opError("connect", kind, local, to, err)
}

func (l *Loop) dial(ctx context.Context, fd int) (err error) {
	d := &dialing{loop: l, fd: fd, future: NewFuture[struct{}](l)}
	if d.token, err = l.r.Attach(fd, d, poller.Out); err != nil {
		return err
	}
	_, err = Await(ctx, d.future)
	_ = l.r.Detach(d.token) // unless the event has done so
	return err
}

// HandleReady tells how connecting went.
func (d *dialing) HandleReady(*poller.Event, poller.Ready) {
	pending, err := sock.ConnectResult(d.fd)
	if pending {
		return
	}
	_ = d.loop.r.Detach(d.token) // it is registered
	d.token = 0
	d.future.settle(struct{}{}, err)
}
