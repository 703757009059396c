package main

import (
	"slices"

	"github.com/panjf2000/gnet/v2"

	"github.com/shardloop/shardloop/bench/servers"
)

// gnetPosts is an echo whose connections are posted to.
type gnetPosts struct {
	gnetEcho
	conns []gnet.Conn
}

// OnOpen notes the connection.
func (h *gnetPosts) OnOpen(c gnet.Conn) ([]byte, gnet.Action) {
	h.conns = append(h.conns, c)
	return nil, gnet.None
}

// OnTraffic looks for commands.
func (h *gnetPosts) OnTraffic(c gnet.Conn) gnet.Action {
	p, _ := c.Peek(-1)
	if n, yes := servers.Commanded(p); yes {
		go gnetPost(slices.Clone(h.conns), n)
		_, _ = c.Discard(len(p)) // it is there
		return gnet.None
	}
	return h.gnetEcho.OnTraffic(c)
}

// gnetPost makes all messages in one piece, which must stay as they are until
// they are sent.
func gnetPost(to []gnet.Conn, n int64) {
	all := make([]byte, n*servers.PostSize)
	for i := range n {
		message := all[i*servers.PostSize : (i+1)*servers.PostSize]
		servers.Post(message, i)
		if err := to[i%int64(len(to))].AsyncWrite(message, nil); err != nil {
			return // the client tells
		}
	}
}

// gnetSink reads and discards.
type gnetSink struct{ gnet.BuiltinEventEngine }

// OnOpen gives the connection its count.
func (*gnetSink) OnOpen(c gnet.Conn) ([]byte, gnet.Action) {
	c.SetContext(&servers.Intake{})
	return nil, gnet.None
}

// OnTraffic counts what there is.
func (*gnetSink) OnTraffic(c gnet.Conn) gnet.Action {
	p, err := c.Next(-1)
	if err != nil {
		return gnet.Close // the client tells
	}
	if answer := c.Context().(*servers.Intake).Take(p); answer != nil {
		_, _ = c.Write(answer)
	}
	return gnet.None
}

// gnetDrain counts datagrams.
type gnetDrain struct {
	gnet.BuiltinEventEngine
	tally servers.Tally
}

// OnTraffic counts one.
func (h *gnetDrain) OnTraffic(c gnet.Conn) gnet.Action {
	p, err := c.Next(-1)
	if err != nil {
		return gnet.Close // the client tells
	}
	if answer := h.tally.Take(p); answer != nil {
		_, _ = c.Write(answer)
	}
	return gnet.None
}
