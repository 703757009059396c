package engine

// Unread is how many bytes a reader holds that nobody has read.
func (r *StreamReader) Unread() int { return r.buffer.unread() }

// OwnsMemory reports whether a reader has a block.
func (r *StreamReader) OwnsMemory() bool { return r.buffer.block != nil || r.buffer.viewed != nil }

// StreamBlocks is how many bytes of blocks the readers of a loop have.
func (l *Loop) StreamBlocks() int { return l.streams.reading.Used() }

// StreamsOf is the protocol of a stream without a handler, its reader and its writer.
func StreamsOf(o StreamOptions) (Protocol, *StreamReader, *StreamWriter) {
	p := newStreamProtocol(nil, o)
	return p, &p.reader, &p.writer
}
