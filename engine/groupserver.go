package engine

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/shardloop/shardloop/engine/internal/sock"
)

// Balance is how a group's server spreads its connections over the loops.
type Balance uint8

const (
	// BalanceKernel gives each loop a listening socket on the same port, between
	// which the kernel chooses by a hash of the connection's addresses. Loops
	// accept at the same time, and nothing is handed over. Where the kernel cannot
	// do that, which is everywhere but on Linux, for unix sockets, and for a Sock
	// that was given, it is BalanceLeast. Socks that share a port are dealt out to
	// the loops; where they are fewer, more are bound, and where that cannot be, it
	// is BalanceLeast too.
	BalanceKernel Balance = iota
	// BalanceLeast has one loop accept, and hand each connection to the loop that
	// has the fewest: for few connections that live long.
	BalanceLeast
	// BalanceSource has one loop accept, and hand the connections from one address
	// always to the same loop, as long as no loop ends.
	BalanceSource
	// BalanceCPU is BalanceKernel, but that a connection goes to the loop that is
	// pinned to the CPU on which the kernel handles its first packet, and to any of
	// them where there are several: all that is done for a connection is done on one
	// CPU, as long as the network sends its packets there. A CPU without a loop is
	// left to the hash, and so are Socks that were given. Each loop has to be pinned
	// to one CPU, by Config.CPUs, and the port must not be shared with others by
	// ReusePort.
	BalanceCPU
)

// GroupServerOptions are the options of a server on all loops of a group.
// MaxConnections counts those of all loops. ReusePort is the group's matter:
// other programs are refused the port all the same, unless it is set.
type GroupServerOptions struct {
	ServerOptions
	Balance Balance
}

func (b Balance) validate(g *Group) error {
	switch {
	case b > BalanceCPU:
		return badArg("Balance", "is none of BalanceKernel, BalanceLeast, BalanceSource and BalanceCPU")
	case b == BalanceCPU && !g.pinned():
		return badArg("Balance", "must not be BalanceCPU where a loop is not pinned to one CPU")
	}
	return nil
}

// byKernel reports whether the kernel balances, where it can.
func (b Balance) byKernel() bool { return b == BalanceKernel || b == BalanceCPU }

func (o *GroupServerOptions) validate(g *Group) error {
	if o.Balance == BalanceCPU && o.ReusePort {
		return badArg("ReusePort", "must not be set with BalanceCPU")
	}
	return cmp.Or(o.Balance.validate(g), o.ServerOptions.validate())
}

// GroupServer is one server on all loops of a group. Its methods may be called on
// any goroutine; those with a ctx wait, as Await does.
//
//	kernel     +--> listener --> Server on loop 0      one listener --> Server on loop 0
//	balances   +--> listener --> Server on loop 1        hands over +-> Server on loop 1
//	           +--> listener --> Server on loop 2                   +-> Server on loop 2
type GroupServer struct {
	group  *Group
	loops  []*Loop // of shards
	shards []*Server
	spread spread
	steer  steering // nothing but for BalanceCPU

	listens listening // what all shards have together, whichever has it

	mu      sync.Mutex
	pending []listening        // of the shards that are not made; guarded by mu
	views   []*TransportSocket // guarded by mu
	serving bool               // all loops accept; guarded by mu
	over    bool               // Close was called; guarded by mu
	ended   []bool             // shards that are over, or their loop; guarded by mu
	open    int                // shards that are not over; guarded by mu
	counted []bool             // shards that are over; guarded by mu
	leaving []waitsForShard    // guarded by mu
	stats   []ServerStats      // when they were asked for last; guarded by mu
	ends    []ShutdownStats    // of the shards that are over; guarded by mu
}

// CreateServer makes a server on all loops that have not ended, as create_server
// does on one. The factory is called on each of them, at the same time; the
// transport tells the protocol which loop it is on. It fails as Loop.CreateServer
// does, with ErrLoopNotRunning before Start, and leaves nothing behind then.
func (g *Group) CreateServer(ctx context.Context, f ProtocolFactory, o GroupServerOptions) (*GroupServer, error) {
	if err := checkFactory(f); err != nil {
		return nil, err
	}
	if err := o.validate(g); err != nil {
		return nil, err
	}
	return g.create(ctx, f, o.ServerOptions, o.Balance, (*Loop).listeners)
}

// listen makes what a server listens with, on a loop.
type listen func(l *Loop, ctx context.Context, o ServerOptions) (listening, error)

// create makes a server of what the first loop makes. Whatever fails, and whenever
// ctx ends, the server that is closed then has all that was made.
func (g *Group) create(ctx context.Context, f ProtocolFactory, o ServerOptions, b Balance, bind listen) (*GroupServer, error) {
	loops, err := g.live()
	if err != nil {
		return nil, err
	}
	s := newGroupServer(g, loops, o, b)
	err = s.bind(ctx, o, b, bind)
	o.MaxConnections = 0 // is counted for all together
	if err == nil {
		err = s.makeShards(ctx, f, o)
	}
	if err == nil {
		err = g.enlist(s)
	}
	if err == nil && !o.Deferred {
		err = s.StartServing(ctx)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func newGroupServer(g *Group, loops []*Loop, o ServerOptions, b Balance) *GroupServer {
	n := len(loops)
	s := &GroupServer{
		group: g, loops: loops, shards: make([]*Server, n), pending: make([]listening, n), open: n,
		ended: make([]bool, n), stats: make([]ServerStats, n), ends: make([]ShutdownStats, n),
		counted: make([]bool, n), leaving: make([]waitsForShard, n),
	}
	s.spread.init(b, o.MaxConnections, n)
	return s
}

// bind makes what the shards listen with.
func (s *GroupServer) bind(ctx context.Context, o ServerOptions, b Balance, bind listen) error {
	l := s.loops[0]
	_, err := perform(ctx, l, func(ctx context.Context) (struct{}, error) {
		first, err := bind(l, ctx, o)
		if err != nil {
			return nothing(err)
		}
		all, err := siblings(first, len(s.loops), o, b)
		if err != nil {
			return nothing(err)
		}
		if b == BalanceCPU && o.Socks == nil && len(all) > 1 && all[1].sockets != nil {
			s.steer.init(s.loops, all)
		}
		return nothing(s.keep(all))
	})
	return err
}

// keep takes what the shards will listen with, unless the server is closed by now.
func (s *GroupServer) keep(all []listening) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		s.discard(all)
		return ErrServerClosed
	}
	s.pending, s.listens = all, together(all)
	s.spread.hands = len(all) > 1 && all[1].sockets == nil
	return nil
}

// discard closes what no shard has.
func (s *GroupServer) discard(all []listening) {
	for _, x := range all {
		x.abandon(s.loops[0].log)
	}
}

// siblings are what each loop listens with: others on the same ports, or nothing
// but the first loop's.
func siblings(first listening, n int, o ServerOptions, b Balance) ([]listening, error) {
	all := make([]listening, n)
	all[0] = first
	if n == 1 || !b.byKernel() || !kernelBalances || o.Sock != nil || first.sockets[0].Family() == AFUnix {
		return all, nil
	}
	if o.Socks != nil {
		return deal(first.sockets, n, o), nil
	}
	for _, k := range first.sockets {
		if err := k.share(o, all[1:]); err != nil {
			for _, x := range all {
				closeAll(x.sockets)
			}
			return nil, err
		}
	}
	return all, nil
}

// share binds a socket more to k's address for each of others. k was bound alone,
// so that a port that another program has is refused; only then it is shared.
func (k *Socket) share(o ServerOptions, others []listening) error {
	at, err := sock.Name(k.Fd())
	if err == nil {
		err = sock.Set(k.Fd(), sock.ReusePort, true)
	}
	o.ReusePort = true
	for i := 0; i < len(others) && err == nil; i++ {
		var sibling *Socket
		sibling, err = bindOne(AddrInfo{Family: k.kind.Family, Type: k.kind.Type, Proto: k.kind.Proto, Addr: at}, o)
		if err == nil {
			others[i].sockets = append(others[i].sockets, sibling)
		}
	}
	return err
}

// makeShards makes a server on each loop, which does not serve yet.
func (s *GroupServer) makeShards(ctx context.Context, f ProtocolFactory, o ServerOptions) error {
	_, err := onEach(ctx, s.loops, func(_ context.Context, l *Loop) (struct{}, error) {
		return nothing(s.makeShard(slices.Index(s.loops, l), f, o))
	})
	return err
}

func (s *GroupServer) makeShard(i int, f ProtocolFactory, o ServerOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return ErrServerClosed // which has closed what was pending
	}
	shard := s.loops[i].newServer(f, o, s.pending[i])
	shard.crew, shard.number = s, i
	s.pending[i], s.shards[i] = listening{}, shard
	if i == 0 {
		s.views = distinct(shard.views)
	}
	return nil
}

// enlist makes the server known to the group, unless that has ended by now, or one
// of the loops.
func (g *Group) enlist(s *GroupServer) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.state != groupRunning {
		return ErrLoopClosed
	}
	for i, l := range g.loops {
		if g.ended[i] && slices.Contains(s.loops, l) {
			return errors.Join(g.errs...)
		}
	}
	g.servers = append(g.servers, s)
	return nil
}

func (g *Group) strike(s *GroupServer) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.servers = slices.DeleteFunc(g.servers, func(o *GroupServer) bool { return o == s })
}
