package stream

// What is called here comes out of calls of the owner's, which must not see its
// panic: Pause, Resume, and the releases of memory that was handed over.

func (s *Stream) guard(during string, fn func()) {
	defer s.recovered(during)
	fn()
}

// recovered is deferred.
func (s *Stream) recovered(during string) {
	if v := recover(); v != nil {
		s.shard.config.Panic(s, during, v)
	}
}

// drop takes n bytes from the chain. A release that panics keeps no other from
// being called.
func (s *Stream) drop(n int) {
	for !s.dropped(n) {
		n = 0
	}
}

func (s *Stream) dropped(n int) (all bool) {
	defer s.recovered("release")
	s.out.Drop(s.shard.pool, n)
	return true
}

// guardOwn puts p into the chain, which may call release at once.
func (s *Stream) guardOwn(p []byte, release func()) {
	defer s.recovered("release")
	s.out.Own(s.shard.pool, p, release)
}
