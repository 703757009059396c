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
