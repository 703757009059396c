package engine

import (
	"context"
	"errors"
	"syscall"
	"time"

	"github.com/shardloop/shardloop/engine/internal/sock"
	"github.com/shardloop/shardloop/poller"
)

// dialing is a connect that takes time. The descriptor becomes writable at its
// end; the future then has what came of it, nil if all is well.
type dialing struct {
	loop   *Loop
	fd     int
	token  poller.Token
	future *Future[error]
}

// connectSocket connects a descriptor, and waits for that. failed is why it could
// not, a *net.OpError, and err the end of the wait. Whatever the error, the
// descriptor stays the caller's, and is not registered any more. In a task.
func (l *Loop) connectSocket(ctx context.Context, fd int, kind sock.Kind, to sock.Addr) (failed, err error) {
	failed, err = l.dial(ctx, fd, kind.Family, to)
	if failed != nil {
		// Without the socket's own address, which is another for each attempt: so
		// those that fail in the same way say the same.
		failed = opError("connect", kind, sock.Addr{}, to, failed)
	}
	return failed, err
}

// How long a full queue of a unix server is left alone, the first time and at
// most.
const (
	firstPause = time.Millisecond
	lastPause  = 64 * time.Millisecond
)

// dial connects. A unix socket whose server has a full queue is refused with
// EAGAIN, and nothing tells when there is room: it tries again after a pause.
func (l *Loop) dial(ctx context.Context, fd, family int, to sock.Addr) (failed, err error) {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		pending, failed := sock.Connect(fd, family, to)
		switch {
		case pending:
			return l.awaitConnect(ctx, fd)
		case family != AFUnix || !errors.Is(failed, syscall.EAGAIN):
			return failed, nil
		}
		if err := Sleep(ctx, pause); err != nil {
			return nil, err
		}
	}
}

func (l *Loop) awaitConnect(ctx context.Context, fd int) (failed, err error) {
	d := &dialing{loop: l, fd: fd, future: NewFuture[error](l)}
	if d.token, failed = l.r.Attach(fd, d, poller.Out); failed != nil {
		return failed, nil
	}
	failed, err = Await(ctx, d.future)
	_ = l.r.Detach(d.token) // unless the event has done so
	return failed, err
}

// HandleReady tells how connecting went.
func (d *dialing) HandleReady(*poller.Event, poller.Ready) {
	pending, failed := sock.ConnectResult(d.fd)
	if pending {
		return
	}
	_ = d.loop.r.Detach(d.token) // it is registered
	d.token = 0
	d.future.settle(failed, nil)
}
