package engine

import (
	"cmp"
	"slices"
	"sync"

	"github.com/shardloop/shardloop/engine/internal/sock"
)

// steering has the kernel give each connection to the loop that is pinned to the
// CPU which handles its first packet.
//
// The sockets that listen on one port are numbered, in the order in which they
// began to listen. A program in the kernel finds the number for a CPU. So they all
// begin here, in the order of their CPUs, before their shards serve: loops of one
// CPU stand together, and the program picks one of them by chance. The numbers stay
// right as long as none is closed before the others, for then the last one gets its
// number. A server closes all at once, and what a loop that ends listens with goes on
// with another.
type steering struct {
	cpus []int // of the sockets of each address, ascending

	mu        sync.Mutex
	addresses [][]*Socket // that do not listen yet; guarded by mu
}

// init takes what each loop will listen with.
func (s *steering) init(loops []*Loop, all []listening) {
	order := make([]int, len(loops))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(loops[a].cpus[0], loops[b].cpus[0]) })
	s.addresses = make([][]*Socket, len(all[0].sockets))
	for _, i := range order {
		s.cpus = append(s.cpus, loops[i].cpus[0])
		for at, k := range all[i].sockets {
			s.addresses[at] = append(s.addresses[at], k)
		}
	}
}

// listen makes all sockets listen, once.
func (s *steering) listen(backlog int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sockets := range s.addresses {
		for i, k := range sockets {
			err := k.Listen(backlog)
			if err == nil && i == 0 {
				err = k.use("setsockopt", func(fd int) error { return sock.Steer(fd, s.cpus) })
			}
			if err != nil {
				return err
			}
		}
	}
	s.addresses = nil
	return nil
}

// heirs are the shards that may go on for a loop that has ended, those on its CPUs
// first.
func (s *GroupServer) heirs(of *Loop) (list []*Server) {
	var others []*Server
	for _, shard := range s.alive() {
		if slices.Equal(shard.loop.cpus, of.cpus) {
			list = append(list, shard)
		} else {
			others = append(others, shard)
		}
	}
	return append(list, others...)
}
