package buffers

// Chain is what is still to be sent, in order: copied bytes in blocks, and
// memory that others have handed over. The zero Chain is empty and owns nothing,
// which is how most connections have it.
//
//	first                             last
//	 |                                 |
//	[#####|####] -> [##########] -> [#####|    ]
//	  sent   to go   handed over      to go  room for more copies
//
// A Chain belongs to one goroutine, is always used with the same Pool, and must
// not be copied while it is not empty.
//
// The releases of what others have handed over are called in order, each once. A
// release may use the chain in every way: it finds only what is to go then.
type Chain struct {
	first, last *segment // gone ones are first only while releases are called
	size        int
}

// tailBlock is the size of the block that a chain begins for small copies, so
// that many small writes share one.
const tailBlock = 4 << 10

// Len is how many bytes are to go.
func (c *Chain) Len() int { return c.size }

// Copy appends a copy of data.
func (c *Chain) Copy(p *Pool, data []byte) {
	if s := c.last; s != nil {
		n := copy(s.mem[s.to:], data) // none behind memory of others, which is full
		s.to += n
		c.size += n
		data = data[n:]
	}
	if len(data) > 0 {
		c.copyToNew(p, data)
	}
}

// copyToNew appends a copy of data in blocks of its own.
func (c *Chain) copyToNew(p *Pool, data []byte) {
	c.size += len(data)
	for len(data) > 0 {
		s := p.segment()
		s.block = p.Get(min(max(len(data), tailBlock), MaxBlock))
		s.mem = s.block.mem
		s.to = copy(s.mem, data)
		data = data[s.to:]
		c.push(s)
	}
}

// Own appends data itself, which the chain owns until it has been sent or
// cleared; then it calls release, unless that is nil. Data may be empty: then it
// has been sent when all before it has, which may be at once.
func (c *Chain) Own(p *Pool, data []byte, release func()) {
	if len(data) == 0 && release == nil {
		return
	}
	c.size += len(data)
	p.owned += len(data)
	s := p.segment()
	s.mem, s.to, s.release = data, len(data), release
	c.push(s)
	if c.first == s {
		c.settle(p) // only what is empty is gone already
	}
}

func (c *Chain) push(s *segment) {
	if c.last == nil {
		c.first = s
	} else {
		c.last.next = s
	}
	c.last = s
}

// View appends to dst the pieces that are to go, up to its capacity, and returns
// it and how many bytes they are. They must not be changed, and are valid until
// Drop has passed them or Clear is called; appending to the chain leaves them.
func (c *Chain) View(dst [][]byte) (pieces [][]byte, size int) {
	for s := c.first; s != nil && len(dst) < cap(dst); s = s.next {
		if !s.gone() {
			dst = append(dst, s.mem[s.from:s.to:s.to])
			size += s.to - s.from
		}
	}
	return dst, size
}

// Drop takes the first n bytes, which were sent, from the chain. There must be so
// many.
func (c *Chain) Drop(p *Pool, n int) {
	if n < 0 || n > c.size {
		panic("buffers: Drop of more than the chain has")
	}
	c.size -= n
	for s := c.first; n > 0; s = s.next {
		k := min(n, s.to-s.from)
		s.from += k
		n -= k
	}
	c.settle(p)
}

// Clear drops everything that is in the chain. What releases append meanwhile
// stays.
func (c *Chain) Clear(p *Pool) { c.Drop(p, c.size) }

// settle takes the segments of which nothing is to go from the front, and calls
// their releases. A release that uses the chain may come here again: then the
// inner call does what is left, and the outer one finds nothing.
func (c *Chain) settle(p *Pool) {
	for c.first != nil && c.first.gone() {
		if release := c.pop(p); release != nil {
			release()
		}
	}
}

// pop takes the first segment from the chain, and returns its release.
func (c *Chain) pop(p *Pool) (release func()) {
	s := c.first
	if c.first = s.next; c.first == nil {
		c.last = nil
	}
	if s.block != nil {
		p.Put(s.block)
	} else {
		p.owned -= len(s.mem)
	}
	release = s.release
	p.putSegment(s)
	return release
}
