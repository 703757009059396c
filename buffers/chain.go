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
// A Chain belongs to one goroutine, and is always used with the same Pool.
type Chain struct {
	first, last *segment
	size        int
}

// segment is a piece of a chain. mem[from:to] is to go.
type segment struct {
	mem      []byte
	from, to int
	block    *Block // nil for memory of others
	release  func() // of memory of others; nil for none
	next     *segment
}

// tailBlock is the size of the block that a chain begins for small copies, so
// that many small writes share one.
const tailBlock = 4 << 10

// Len is how many bytes are to go.
func (c *Chain) Len() int { return c.size }

// Copy appends a copy of data.
func (c *Chain) Copy(p *Pool, data []byte) {
	c.size += len(data)
	if s := c.last; s != nil && s.block != nil {
		n := copy(s.mem[s.to:], data)
		s.to += n
		data = data[n:]
	}
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
// cleared; then it calls release, unless that is nil.
func (c *Chain) Own(p *Pool, data []byte, release func()) {
	if len(data) == 0 {
		if release != nil {
			release()
		}
		return
	}
	c.size += len(data)
	s := p.segment()
	s.mem, s.to, s.release = data, len(data), release
	c.push(s)
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
// it and how many bytes they are. They are valid until the chain is next changed.
func (c *Chain) View(dst [][]byte) (pieces [][]byte, size int) {
	for s := c.first; s != nil && len(dst) < cap(dst); s = s.next {
		dst = append(dst, s.mem[s.from:s.to])
		size += s.to - s.from
	}
	return dst, size
}

// Drop takes the first n bytes, which were sent, from the chain.
func (c *Chain) Drop(p *Pool, n int) {
	c.size -= n
	for n > 0 {
		s := c.first
		if s.to-s.from > n {
			s.from += n
			return
		}
		n -= s.to - s.from
		c.pop(p)
	}
}

// Clear drops everything.
func (c *Chain) Clear(p *Pool) {
	for c.first != nil {
		c.pop(p)
	}
	c.size = 0
}

// pop takes the first segment from the chain. The release of its owner, which
// may use the chain, comes last.
func (c *Chain) pop(p *Pool) {
	s := c.first
	if c.first = s.next; c.first == nil {
		c.last = nil
	}
	block, release := s.block, s.release
	*s = segment{next: p.segments}
	p.segments = s
	if block != nil {
		p.Put(block)
	}
	if release != nil {
		release()
	}
}

// segment takes a free segment, or makes one.
func (p *Pool) segment() *segment {
	s := p.segments
	if s == nil {
		return &segment{}
	}
	p.segments, s.next = s.next, nil
	return s
}
