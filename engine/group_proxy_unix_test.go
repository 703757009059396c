//go:build unix

package engine_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// half is one side of a proxied connection. All its callbacks are checked to run on
// the loop that it was made on.
type half struct {
	engine.BaseProtocol
	t         *testing.T
	made      *engine.Loop
	transport engine.Transport
	other     *half
	to        net.Addr // where the front connects to; nil for the back
}

func newHalf(t *testing.T, to net.Addr) *half {
	here, err := engine.RunningLoop()
	must(t, err)
	return &half{t: t, made: here, to: to}
}

func (h *half) check() {
	if here, _ := engine.RunningLoop(); here != h.made || h.transport.Loop() != h.made {
		h.t.Error("a callback on another loop")
	}
}

func (h *half) ConnectionMade(tr engine.Transport) {
	h.transport = tr
	if h.check(); h.to == nil {
		return
	}
	tr.PauseReading()
	engine.Go(tr.Loop(), func(ctx context.Context) error {
		back := func() engine.Protocol { h.other = newHalf(h.t, nil); h.other.other = h; return h.other }
		at := h.to.(*net.TCPAddr)
		_, _, err := tr.Loop().CreateConnection(ctx, back, engine.ConnectOptions{Host: at.IP.String(), Port: at.Port})
		if err == nil && h.other.made != h.made {
			h.t.Error("the halves are on different loops")
		}
		h.check()
		tr.ResumeReading()
		return err
	})
}

func (h *half) DataReceived(p []byte) {
	h.check()
	_, _ = h.other.transport.Write(p)
}

func (h *half) EOFReceived() bool {
	h.check()
	_ = h.other.transport.WriteEOF()
	return true
}

func (h *half) PauseWriting()  { h.check(); h.other.transport.PauseReading() }
func (h *half) ResumeWriting() { h.check(); h.other.transport.ResumeReading() }

func (h *half) ConnectionLost(error) {
	h.check()
	if h.other != nil && h.other.transport != nil {
		h.other.transport.Close()
	}
}

// TestGroupProxy: both halves of a proxied connection are on one loop for life, the
// one that was accepted and the one that was made.
func TestGroupProxy(t *testing.T) { prove(t, "LOOP-17", testGroupProxy) }

func testGroupProxy(t *testing.T) {
	const n, size = 40, 300_000
	for name, balance := range balances {
		t.Run(name, func(t *testing.T) {
			g := startGroup(t, 4)
			far := serveGroup(t, g, func() engine.Protocol {
				p := echo().(*served)
				p.end = func() bool { _ = p.transport.WriteEOF(); return true }
				return p
			}, engine.GroupServerOptions{})
			to := groupAddr(t, far)
			s := serveGroup(t, g, func() engine.Protocol { return newHalf(t, to) }, engine.GroupServerOptions{Balance: balance})
			var all sync.WaitGroup
			for i := range n {
				c := client(t, groupAddr(t, s)).(*net.TCPConn)
				sent := pattern(size + i)
				all.Go(func() { _, _ = c.Write(sent); _ = c.CloseWrite() }) // reading tells
				all.Go(func() {
					if got, err := io.ReadAll(c); err != nil || string(got) != string(sent) {
						t.Errorf("received %d bytes of %d, %v", len(got), len(sent), err)
					}
				})
			}
			all.Wait()
			must(t, ends(s.Shutdown(t.Context())))
			sum := totalOf(t, s)
			isEqual(t, "bytes in and out", [2]uint64{sum.BytesReceived, sum.BytesSent}, [2]uint64{n*size + n*(n-1)/2, n*size + n*(n-1)/2})
		})
	}
}

// TestGroupPosts: what loops post to each other comes once and in order, and ends
// where the connection is.
func TestGroupPosts(t *testing.T) {
	g := startGroup(t, 4)
	loops := g.Loops()
	const rounds = 500
	s := serveGroup(t, g, func() engine.Protocol {
		p := &served{}
		p.data = func([]byte) {
			for i := range rounds {
				var hop func(at int)
				hop = func(at int) {
					if here, _ := engine.RunningLoop(); here != loops[at] {
						t.Error("a post on another loop")
					}
					if at+1 < len(loops) {
						_, err := loops[at+1].CallSoonThreadsafe(func() { hop(at + 1) })
						must(t, err)
						return
					}
					must(t, p.transport.Post([]byte(fmt.Sprintf("%04d", i))))
				}
				_, err := loops[0].CallSoonThreadsafe(func() { hop(0) })
				must(t, err)
			}
		}
		return p
	}, engine.GroupServerOptions{Balance: engine.BalanceLeast})
	for range 4 {
		c := client(t, groupAddr(t, s))
		_, err := io.WriteString(c, "go")
		must(t, err)
		for i := range rounds {
			hears(t, c, fmt.Sprintf("%04d", i))
		}
	}
}
