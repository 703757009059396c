package servers

import (
	"errors"
	"runtime"
	"slices"

	"github.com/shardloop/shardloop/engine"
)

// board is the connections of the role posts.
type board struct{ transports []engine.Transport }

func newBoard() engine.ProtocolFactory {
	b := &board{}
	return func() engine.Protocol { return &posted{board: b} }
}

// posted is a connection of a board.
type posted struct {
	pong
	board *board
}

func (p *posted) ConnectionMade(t engine.Transport) {
	p.transport = t
	p.board.transports = append(p.board.transports, t)
}

func (p *posted) DataReceived(b []byte) {
	if n, yes := Commanded(b); yes {
		go post(slices.Clone(p.board.transports), n)
		return
	}
	p.pong.DataReceived(b)
}

// post posts n messages. They may be any number ahead of the loop but for the
// high mark of a connection.
func post(to []engine.Transport, n int64) {
	message := make([]byte, PostSize)
	for i := range n {
		Post(message, i)
		err := engine.ErrWouldBlock
		for errors.Is(err, engine.ErrWouldBlock) {
			if err = to[i%int64(len(to))].Post(message); err != nil {
				runtime.Gosched()
			}
		}
	}
}
