package engine

import (
	"hash/maphash"
	"sync/atomic"
)

// spread is how the connections of a group's server get to its shards.
type spread struct {
	balance Balance
	hands   bool // connections over from one shard to others
	seed    maphash.Seed
	gone    []atomic.Bool  // shards that take no more
	load    []atomic.Int64 // connections of each shard, those on their way included
	quota   quota
	starved atomic.Bool // a listener waits for a descriptor
}

func (s *spread) init(b Balance, limit, n int) {
	*s = spread{balance: b, seed: maphash.MakeSeed(), gone: make([]atomic.Bool, n), load: make([]atomic.Int64, n)}
	s.quota.limit = int64(limit)
}

// open is how many connections there are, on all shards and on their way.
func (s *spread) open() (n int64) {
	for i := range s.load {
		n += s.load[i].Load()
	}
	return n
}

// pick chooses the shard of a connection that another one has accepted.
func (s *spread) pick(e endpoint) int {
	if s.balance == BalanceSource {
		if ip := e.peer.AddrPort().Addr(); ip.IsValid() {
			return s.bySource(ip.As16())
		}
	}
	return s.least()
}

// bySource is always the same one for an address, as long as none goes.
func (s *spread) bySource(ip [16]byte) int {
	n := uint64(len(s.gone))
	at := maphash.Bytes(s.seed, ip[:]) % n
	for i := range n {
		if k := int((at + i) % n); !s.gone[k].Load() {
			return k
		}
	}
	return 0
}

// least is the shard with the fewest connections.
func (s *spread) least() int {
	best := -1
	for i := range s.load {
		if !s.gone[i].Load() && (best < 0 || s.load[i].Load() < s.load[best].Load()) {
			best = i
		}
	}
	return max(best, 0)
}

// quota is how many connections all shards may have together. A place is taken
// before a connection is accepted, so that there is never one too many.
//
//	take: a place is left -------> true
//	      none is left ----------> false; give calls wake, once
type quota struct {
	limit int64 // 0: any number
	taken atomic.Int64
	want  atomic.Bool // somebody waits for a place
}

func (q *quota) take() bool {
	if q.limit == 0 || q.taken.Add(1) <= q.limit {
		return true
	}
	q.taken.Add(-1)
	return false
}

// give gives a place back and reports whether somebody waits for one.
func (q *quota) give() bool {
	if q.limit == 0 {
		return false
	}
	q.taken.Add(-1)
	return q.want.Load() && q.want.CompareAndSwap(true, false)
}
