package engine

import (
	"fmt"
	"slices"

	"github.com/shardloop/shardloop/engine/internal/sock"
)

// given are the sockets that a server gets in place of an address.
type given struct {
	one     *Socket
	several []*Socket
}

// check refuses what no server can listen on. addressed tells that there is an
// address too, instead names it; suits is what the kind of server wants.
func (g given) check(addressed bool, instead string, suits func(arg string, s *Socket) error) error {
	switch {
	case g.one != nil && addressed:
		return badArg("Sock", "must not be given with "+instead)
	case g.several != nil && addressed:
		return badArg("Socks", "must not be given with "+instead)
	case g.one != nil && g.several != nil:
		return badArg("Socks", "must not be given with Sock")
	case g.several != nil && len(g.several) == 0:
		return badArg("Socks", "must not be empty")
	case g.one != nil:
		return suits("Sock", g.one)
	}
	for i, s := range g.several {
		if err := g.checkOf(i, s, suits); err != nil {
			return err
		}
	}
	return nil
}

// checkOf checks one of several.
func (g given) checkOf(i int, s *Socket, suits func(arg string, s *Socket) error) error {
	arg := fmt.Sprintf("Socks[%d]", i)
	switch {
	case s == nil:
		return badArg(arg, "must not be nil")
	case slices.Contains(g.several[:i], s):
		return badArg(arg, "must not be given twice")
	}
	return suits(arg, s)
}

func (g given) isEmpty() bool { return g.one == nil && g.several == nil }

// take empties all of them, for the call to own: also those behind one that is
// gone already, which is an error.
func (g given) take() (taken []*Socket, err error) {
	all := g.several
	if g.one != nil {
		all = []*Socket{g.one}
	}
	for _, s := range all {
		fd, gone := s.take("listen")
		if gone == nil {
			taken = append(taken, newSocket(fd, s.kind))
		} else if err == nil {
			err = gone
		}
	}
	if err != nil {
		closeAll(taken)
		return nil, err
	}
	return taken, nil
}

// deal spreads sockets over n loops, those that share a port round robin, so that
// each queue has a loop. Where there are fewer than loops, more are bound to the
// port, if it is a shared one. If that cannot be, the first loop has all, and hands
// over.
func deal(sockets []*Socket, n int, o ServerOptions) []listening {
	all := make([]listening, n)
	for _, same := range byAddress(sockets) {
		for i, k := range same {
			all[i%n].sockets = append(all[i%n].sockets, k)
		}
		if len(same) < n && (!same[0].isShared() || same[0].share(o, all[len(same):]) != nil) {
			return undeal(sockets, all)
		}
	}
	return all
}

// undeal gives all to the first loop, and closes what was bound.
func undeal(sockets []*Socket, all []listening) []listening {
	for _, x := range all {
		closeAll(slices.DeleteFunc(x.sockets, func(k *Socket) bool { return slices.Contains(sockets, k) }))
	}
	dealt := make([]listening, len(all))
	dealt[0].sockets = sockets
	return dealt
}

// byAddress are the sockets of each address.
func byAddress(sockets []*Socket) (sets [][]*Socket) {
	index := map[sock.Addr]int{}
	for _, k := range sockets {
		at, _ := sock.Name(k.Fd()) // none is an address too
		i, ok := index[at]
		if !ok {
			i, index[at] = len(sets), len(sets)
			sets = append(sets, nil)
		}
		sets[i] = append(sets[i], k)
	}
	return sets
}

// isShared reports whether further sockets can be bound to take part in what comes
// to this one: to its port, as the engine binds them.
func (k *Socket) isShared() bool {
	at, _ := sock.Name(k.Fd()) // then without a port
	shared, _ := sock.On(k.Fd(), sock.ReusePort)
	only6 := k.kind.Family != AFInet6
	if !only6 {
		only6, _ = sock.On(k.Fd(), sock.V6Only)
	}
	return shared && only6 && at.Port() != 0
}

// distinct are the views of different addresses.
func distinct(views []*TransportSocket) (list []*TransportSocket) {
	for _, v := range views {
		if !slices.ContainsFunc(list, func(o *TransportSocket) bool { return o.local == v.local }) {
			list = append(list, v)
		}
	}
	return list
}
