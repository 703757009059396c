package engine

import (
	"context"
	"io"
	"os"
	"syscall"

	"github.com/shardloop/shardloop/engine/internal/sock"
)

// ask makes a call, on any goroutine, as Await behaves. What can be done at once is
// done on that goroutine and allocates nothing; only then it waits.
func (l *Loop) ask(ctx context.Context, s *Socket, c *sockCall) error {
	if s == nil {
		return badArg("s", "must not be nil")
	}
	t, here := taskHere(ctx)
	home := here && t.loop == l
	if err := l.mayAsk(home, here); err != nil {
		return err
	}
	err := s.first(c, l.Debug())
	switch {
	case !waits(err):
		return s.told(c, err)
	case home:
		return l.waitHere(ctx, t, s, c)
	}
	return l.waitElsewhere(ctx, s, c)
}

// mayAsk is why a goroutine must not make a call that may wait, or nil.
func (l *Loop) mayAsk(home, here bool) error {
	if home {
		return nil
	}
	if !here {
		if err := mayBlock(); err != nil {
			return err
		}
	}
	return l.reachable()
}

// first is the first try of a call.
func (s *Socket) first(c *sockCall, debug bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.open(c.op.direction()); err != nil {
		return err
	}
	if debug || c.op.mayHang() {
		if err := checkNonblock(s.fd); err != nil {
			return err
		}
	}
	return c.try(s.fd, s.kind)
}

func checkNonblock(fd int) error {
	blocks, err := sock.Blocks(fd)
	if err == nil && blocks {
		err = badArg("s", "must not block")
	}
	return err
}

// told is the error of a try as the caller of the Sock call sees it.
func (s *Socket) told(c *sockCall, err error) error {
	switch failed := err.(type) {
	case nil, *ArgError:
		return err
	case syscall.Errno:
		err = os.NewSyscallError(c.op.name(), failed)
	}
	if err == io.EOF {
		return err
	}
	local, peer := s.names()
	if c.addr.IsValid() {
		peer = c.addr
	}
	return opError(c.op.name(), s.kind, local, peer, err)
}

// names are the addresses of a socket that is there.
func (s *Socket) names() (local, peer sock.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live {
		local, _ = sock.Name(s.fd) // none with an error
		peer, _ = sock.Peer(s.fd)
	}
	return local, peer
}
