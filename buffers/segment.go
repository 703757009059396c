package buffers

// segment is a piece of a chain. mem[from:to] is to go.
type segment struct {
	mem      []byte
	from, to int
	block    *Block // nil for memory of others
	release  func() // of memory of others; nil for none
	next     *segment
}

// gone tells whether nothing of the segment is to go.
func (s *segment) gone() bool { return s.from == s.to }

// segment takes a free segment, or makes one.
func (p *Pool) segment() *segment {
	s := p.segments
	if s == nil {
		return &segment{}
	}
	p.segments, s.next = s.next, nil
	p.segmentCount--
	return s
}

// putSegment clears a segment and keeps it: as many as there are smallest blocks
// within the bound, since a chain has one for each block.
func (p *Pool) putSegment(s *segment) {
	*s = segment{}
	if p.segmentCount < p.bound/MinBlock {
		s.next, p.segments = p.segments, s
		p.segmentCount++
	}
}
