package load

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/shardloop/shardloop/bench/servers"
)

// Posts receives what a server of the role posts sends to all its connections in
// turn, or one of the role across to some of them.
type Posts struct {
	*Echo
	conns    []*postConn
	receives int64 // how many of them messages are for

	left int64
}

// postConn is a connection that gets every n-th message.
type postConn struct {
	in   []byte
	deaf bool  // no message is for it
	next int64 // the message that comes next; -1: whichever
}

// NewPosts makes the connections, and an exchange on each.
func NewPosts(network, address string, connections int, seed uint64) (*Posts, error) {
	e, err := NewEcho(network, address, servers.PostSize, seed)
	if err != nil {
		return nil, err
	}
	p := &Posts{Echo: e, receives: int64(connections)}
	for range connections {
		p.conns = append(p.conns, &postConn{})
	}
	if err := e.Connect(connections); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return p, nil
}

// Across expects messages on connections of other loops than the first one's, which
// asks for them. It fails when there are none.
func (p *Posts) Across() error {
	loops, err := p.Loops()
	for i, loop := range loops {
		if p.conns[i].deaf = loop == loops[0]; p.conns[i].deaf {
			p.receives--
		}
	}
	if p.receives == 0 {
		err = errors.Join(err, ErrOneLoop)
	}
	return err
}

// ErrOneLoop is a server whose connections are all on one loop.
var ErrOneLoop = errors.New("all connections are on one loop")

// Receive has n messages posted, and returns when all have come, on each
// connection in order.
func (p *Posts) Receive(n int64) error {
	p.left = n
	for _, k := range p.conns {
		k.next = -1
	}
	if _, err := write(p.Echo.conns[0].fd, servers.Command(n)); err != nil {
		return err
	}
	for p.left > 0 {
		if err := p.set.wait(true, p.ready); err != nil {
			return err
		}
	}
	return p.silent()
}

func (p *Posts) ready(index int) error {
	k := p.conns[index]
	var b [16 << 10]byte
	for n := 1; n > 0; {
		var err error
		if n, err = read(p.Echo.conns[index].fd, b[:]); err != nil {
			return err
		}
		k.in = append(k.in, b[:n]...)
		if err := p.messages(k); err != nil {
			return err
		}
	}
	return nil
}

// messages takes the whole ones off what has come.
func (p *Posts) messages(k *postConn) error {
	var want [servers.PostSize]byte
	for ; len(k.in) >= len(want); k.in = k.in[len(want):] {
		if k.next < 0 {
			k.next = p.first(k.in[:len(want)])
		}
		servers.Post(want[:], k.next)
		if k.deaf || !bytes.Equal(k.in[:len(want)], want[:]) {
			return fmt.Errorf("%w: instead of message %d", ErrWrong, k.next)
		}
		k.next += p.receives
		if p.left--; p.left < 0 {
			return ErrMore
		}
	}
	if len(k.in) == 0 {
		k.in = nil
	}
	return nil
}

// first is the number of a connection's first message.
func (p *Posts) first(message []byte) int64 {
	var want [servers.PostSize]byte
	for i := range p.receives {
		servers.Post(want[:], i)
		if bytes.Equal(message, want[:]) {
			return i
		}
	}
	return 0
}
