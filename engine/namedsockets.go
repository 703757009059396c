package engine

import (
	"context"
	"errors"
	"maps"
	"slices"
)

// NamedSocket is a socket that came from another process, and what that calls it.
type NamedSocket struct {
	Name   string
	Socket *Socket
}

// NamedSockets are the sockets that came from another process. Several have the
// same name where a Group listened with several.
type NamedSockets []NamedSocket

// Named are the sockets of a name, for ServerOptions.Socks; nil when there are none.
func (n NamedSockets) Named(name string) (list []*Socket) {
	for _, s := range n {
		if s.Name == name {
			list = append(list, s.Socket)
		}
	}
	return list
}

// Close closes those that nobody has taken. Any goroutine.
func (n NamedSockets) Close() (err error) {
	for _, s := range n {
		err = errors.Join(err, s.Socket.Close())
	}
	return err
}

// ListeningServer is what can be handed over to another process: a *Server or a
// *GroupServer.
type ListeningServer interface {
	// Relinquish closes the server's listening sockets, whose queues another
	// process goes on with, and leaves the files of unix sockets to it. What was
	// accepted is served: WaitClosed waits for its end, and Shutdown brings it.
	// Relinquish waits for the loops, also beyond the end of ctx, as Await does.
	Relinquish(ctx context.Context) error

	// held is what the server listens with.
	held(ctx context.Context) ([]*Socket, error)
}

// Relinquish closes the listening sockets for another process to go on with; see
// ListeningServer.
func (s *Server) Relinquish(ctx context.Context) error {
	_, err := tidily(ctx, s.loop, func(context.Context) (struct{}, error) {
		s.listening.keepFiles()
		s.Close()
		return struct{}{}, nil
	})
	return err
}

// Relinquish closes the listening sockets of all loops for another process to go
// on with; see ListeningServer.
func (s *GroupServer) Relinquish(ctx context.Context) error {
	if err := canWait(ctx); err != nil {
		return err
	}
	s.listens.keepFiles()
	s.Close()
	return s.passed(context.WithoutCancel(ctx))
}

// passed waits until all that was posted to the loops has run. A loop that ends
// meanwhile has left its sockets to another one, which then is asked once more.
func (s *GroupServer) passed(ctx context.Context) (err error) {
	for range s.shards {
		_, err = onShards(ctx, s, func(context.Context, *Server) (struct{}, error) { return struct{}{}, nil })
		if !errors.Is(err, ErrLoopClosed) && !errors.Is(err, ErrLoopDied) {
			return err
		}
		err = s.awaitFallen(ctx)
	}
	return err
}

func (x *listening) keepFiles() {
	for _, f := range x.files {
		f.kept.Store(true)
	}
}

func (s *Server) held(ctx context.Context) ([]*Socket, error) {
	return perform(ctx, s.loop, func(context.Context) ([]*Socket, error) {
		if s.state == serverClosed {
			return nil, ErrServerClosed
		}
		return slices.Clone(s.sockets), nil
	})
}

// held does not ask the loops: one that ends gives its sockets to another one, and
// they might be seen at neither.
func (s *GroupServer) held(context.Context) ([]*Socket, error) {
	if s.isOver() {
		return nil, ErrServerClosed
	}
	return s.listens.sockets, nil
}

// checkServers refuses servers and names that cannot be handed over.
func checkServers(arg string, servers map[string]ListeningServer) error {
	if len(servers) == 0 {
		return badArg(arg, "must not be empty")
	}
	for name, s := range servers {
		one, _ := s.(*Server)
		group, _ := s.(*GroupServer)
		if one == nil && group == nil {
			return badArg(arg, "must not have a nil server")
		}
		if !isSocketName(name) {
			return badArg(arg, "must have names of 1 to 255 printable ASCII characters, without a colon")
		}
	}
	return nil
}

// isSocketName tells whether systemd takes the name of a descriptor.
func isSocketName(name string) bool {
	for _, c := range []byte(name) {
		if c < ' ' || c > '~' || c == ':' {
			return false
		}
	}
	return len(name) > 0 && len(name) <= maxSocketName
}

// maxSocketName is FDNAME_MAX of systemd.
const maxSocketName = 255

// duplicates are sockets of their own for what servers listen with, which are in
// the order of the names.
func duplicates(ctx context.Context, servers map[string]ListeningServer) (list NamedSockets, err error) {
	for _, name := range slices.Sorted(maps.Keys(servers)) {
		sockets, err := servers[name].held(ctx)
		for _, k := range sockets {
			var own *Socket
			if own, err = k.Dup(); err != nil {
				break
			}
			list = append(list, NamedSocket{name, own})
		}
		if err != nil {
			_ = list.Close() // the first error counts
			return nil, err
		}
	}
	return list, nil
}

// together is what all shards of a server listen with.
func together(all []listening) (x listening) {
	for _, one := range all {
		x.sockets = append(x.sockets, one.sockets...)
		x.files = append(x.files, one.files...)
	}
	return x
}
