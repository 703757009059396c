package engine

// Sends reports whether shard i takes what another one sends it: nothing.
func (s *GroupServer) Sends(i int) bool { return s.shards[i].send(func(*arrivals) {}) }

// Unsee makes those that look before shard i ends see nothing of that.
func (s *GroupServer) Unsee(i int) { s.spread.gone[i].Store(false) }

// Loads are the connections of each shard, as far as the balance knows.
func (s *GroupServer) Loads() (list []int64) {
	for i := range s.spread.load {
		list = append(list, s.spread.load[i].Load())
	}
	return list
}
