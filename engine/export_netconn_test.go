package engine

// PendingMemory is how many bytes c holds for what nobody has read.
func (c *Conn) PendingMemory() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pending == nil {
		return 0
	}
	return len(c.pending.B)
}

// Timers is how many timers c holds for its deadlines.
func (c *Conn) Timers() (n int) {
	for _, d := range []*deadline{&c.readUntil, &c.writeUntil} {
		d.mu.Lock()
		if d.timer != nil {
			n++
		}
		d.mu.Unlock()
	}
	return n
}

// Writing reports whether a Write is under way.
func (c *Conn) Writing() bool {
	free := c.writing.TryLock()
	if free {
		c.writing.Unlock()
	}
	return !free
}
