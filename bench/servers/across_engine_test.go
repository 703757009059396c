package servers

import (
	"bytes"
	"io"
	"net"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// Messages come from the loop of the connection that asked, to those of the other
// one, in turn.
func TestAcrossRoles(t *testing.T) {
	everyServer(t, "across-2", "tcp", func(t *testing.T, address string) {
		var on [2][]net.Conn
		for range 6 {
			conn := dial(t, "tcp", address)
			loop := whichLoop(t, conn)
			on[loop] = append(on[loop], conn)
		}
		const n = 5 * errandTurn
		on[0][0].Write(Command(n))
		p, want := make([]byte, PostSize), make([]byte, PostSize)
		for i := range int64(n) {
			Post(want, i)
			if _, err := io.ReadFull(on[1][i%3], p); err != nil || !bytes.Equal(p, want) {
				t.Fatalf("message %d: %v", i, err)
			}
		}
		for _, conn := range on[0] {
			echoes(t, conn) // and nothing before it
		}
	})
}

// A loop goes on in its next turn with what a connection had no room for.
func TestErrandGoesOn(t *testing.T) {
	l, err := engine.NewEventLoop(engine.Config{})
	if err != nil {
		t.Fatal(err)
	}
	const n = 25
	to := &narrow{wanted: n * PostSize, over: l.Stop}
	l.CallSoon(func() { runErrand(&errand{loop: l, to: []engine.Transport{to}, wanted: n}) })
	if err := l.RunForever(); err != nil {
		t.Fatal(err)
	}
	want := make([]byte, PostSize)
	for i := range n {
		if Post(want, int64(i)); !bytes.Equal(to.got[i*PostSize:(i+1)*PostSize], want) {
			t.Errorf("message %d is another one", i)
		}
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

// narrow is a transport that has room for ten messages, and then for none once.
type narrow struct {
	engine.Transport
	taken  int
	wanted int
	got    []byte
	over   func()
}

func (n *narrow) Post(p []byte) error {
	if n.taken++; n.taken%11 == 0 {
		return engine.ErrWouldBlock
	}
	if n.got = append(n.got, p...); len(n.got) == n.wanted {
		n.over()
	}
	return nil
}
