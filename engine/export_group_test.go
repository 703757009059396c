package engine

// Servers is how many servers the group knows.
func (g *Group) Servers() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.servers)
}
