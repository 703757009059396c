//go:build unix

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// TestAPeerThatNeverReads: a protocol that obeys PauseWriting has no more in the
// buffer than the high mark and its last write.
func TestAPeerThatNeverReads(t *testing.T) {
	onPairs(t, func(t *testing.T, kind string) {
		const high, piece = 100_000, 7000
		l, w, s := newLoop(t), &wireTap{}, newSource(1)
		tr, far := joined(t, l, kind, w)
		must(t, tr.SetWriteBufferLimits(high, 10_000))
		paused, most, stop := false, 0, false
		var fill func()
		fill = func() {
			for n := 0; n < 20 && !paused && !stop; n++ {
				must(t, wrote(tr.Write(s.next(piece))))
				most = max(most, tr.WriteBufferSize())
			}
			if !paused && !stop {
				l.CallSoon(fill)
			}
		}
		w.onPause = func() { paused = true }
		w.onReady = func() { paused = false; l.CallSoon(fill) }
		l.CallSoon(fill)
		untilSo(t, l, func() bool { return paused })
		idleTurns(t, l)
		for range 3 { // the peer wakes up for a moment
			before := s.n
			untilSo(t, l, func() bool { far.read(); return s.n > before })
			untilSo(t, l, func() bool { return paused })
		}
		if most > high+piece {
			t.Errorf("there were %d bytes in the buffer", most)
		}
		stop = true
		tr.Close()
		endOf(l, far, w)
		isEqual(t, "received", far.in, s.tally)
	})
}

// TestWriteBufferSizeIsTrue: whoever ignores PauseWriting is told how much is in
// the buffer, in all ways to write, and it is one pause.
func TestWriteBufferSizeIsTrue(t *testing.T) {
	l, w, s := newLoop(t), &wireTap{}, newSource(2)
	tr, far := joined(t, l, overUnixPair, w)
	must(t, wrote(tr.Write(s.next(1<<20))))
	stuck := s.n - tr.WriteBufferSize() // what the kernel has
	for i := range 50 {
		inTurn(t, l, func() {
			must(t, wrote(tr.Write(s.next(i*100))))
			must(t, wrote(tr.Writev([][]byte{s.next(1), s.next(10_000)})))
			must(t, tr.WriteOwned(s.next(20_000+i), nil))
			wantErr(t, "Post", tr.Post([]byte("x")), engine.ErrWouldBlock)
		})
		isEqual(t, "size", tr.WriteBufferSize(), s.n-stuck)
	}
	w.want(t, "made", "pause")
	for tr.WriteBufferSize() > 0 {
		far.read()
		isEqual(t, "size and read", far.in.n+tr.WriteBufferSize() <= s.n, true)
		turn(t, l)
	}
	w.want(t, "resume")
	tr.Close()
	endOf(l, far, w)
	isEqual(t, "received", far.in, s.tally)
}

// resets ends a TCP connection with a reset.
func (f *wireEnd) resets() {
	must(f.t, syscall.SetsockoptLinger(f.s.Fd(), syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1}))
	f.close()
}

// TestResetInMidWrite: the transport tells of the reset, once, and gives all
// memory back, whatever state it was in.
func TestResetInMidWrite(t *testing.T) {
	for _, state := range []string{"open", "paused", "eof", "closing"} {
		l, w, s := newLoop(t), &wireTap{}, newSource(3)
		tr, far := joined(t, l, overTCPPair, w)
		released := 0
		for range 4 {
			must(t, tr.WriteOwned(s.next(outputSize/4), func() { released++ }))
		}
		untilSo(t, l, func() bool { readSome(far); return far.in.n > 0 })
		switch state {
		case "paused":
			tr.PauseReading()
		case "eof":
			must(t, tr.WriteEOF())
		case "closing":
			tr.Close()
		}
		far.resets()
		untilSo(t, l, func() bool { return w.over })
		var failed *net.OpError
		if !errors.As(w.err, &failed) || failed.Addr == nil || failed.Source == nil ||
			!errors.Is(failed, syscall.ECONNRESET) && !errors.Is(failed, syscall.EPIPE) {
			t.Errorf("%s: lost with %v", state, w.err)
		}
		w.want(t, "made", "pause", "lost")
		isEqual(t, state+": released", released, 4)
		isEqual(t, state+": size", tr.WriteBufferSize(), 0)
		isEqual(t, state+": descriptor", tr.ExtraInfo("socket").(*engine.TransportSocket).Fd(), -1)
	}
}

// TestAbortAfterWrites: the peer has a beginning of what was written, and the end
// at once.
func TestAbortAfterWrites(t *testing.T) {
	onPairs(t, func(t *testing.T, kind string) {
		for _, size := range []int{10, outputSize} {
			l, w, s := newLoop(t), &wireTap{}, newSource(4)
			tr, far := joined(t, l, kind, w)
			all, released := s.next(size), 0
			var got []byte
			inTurn(t, l, func() {
				must(t, tr.WriteOwned(all, func() { released++ }))
				tr.Abort()
				isEqual(t, "size", tr.WriteBufferSize(), 0)
			})
			untilSo(t, l, func() bool { far.read(); return w.over && (far.ended || far.err != nil) })
			got = all[:far.in.n]
			isEqual(t, "a beginning", far.in, tallyOf(got))
			isEqual(t, "what was held was sent", far.in.n >= min(size, 1000), true)
			isEqual(t, "told", w.err, nil)
			isEqual(t, "released", released, 1)
		}
	})
}

// TestAPeerThatClosesDuringConnect: connections that are accepted only to be
// closed or reset, and a listener that goes with its queue. Each attempt ends
// with an error, or with a transport that ends.
func TestAPeerThatClosesDuringConnect(t *testing.T) {
	for round := range 60 {
		server, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		l := newLoop(t)
		end := func() {
			if round%3 == 0 {
				server.Close() // with the connection in its queue
				return
			}
			c, err := server.Accept()
			must(t, err)
			if round%3 == 1 {
				must(t, c.(*net.TCPConn).SetLinger(0))
			}
			c.Close()
		}
		runTask(t, l, func(ctx context.Context) {
			if round%2 == 0 {
				l.CallSoon(func() { l.CallSoon(end) })
			}
			p := newNear(l)
			p.onMade = func(tr engine.Transport) {
				if round%2 == 1 {
					end()
				}
				_, _ = tr.Write([]byte("hello")) // refused in some cases
			}
			tr, _, err := l.CreateConnection(ctx, func() engine.Protocol { return p }, at(server.Addr()))
			if err != nil {
				var failed *net.OpError
				if !errors.As(err, &failed) || failed.Op != "connect" || fmt.Sprint(failed.Addr) != server.Addr().String() {
					t.Errorf("connect: %v", err)
				}
				p.want(t)
				return
			}
			lost, err := engine.Await(ctx, p.ended)
			must(t, err)
			var failed *net.OpError
			if lost != nil && !errors.As(lost, &failed) {
				t.Errorf("lost with %v", lost)
			}
			isEqual(t, "descriptor", tr.ExtraInfo("socket").(*engine.TransportSocket).Fd(), -1)
		})
		server.Close()
		closeLoop(t, l)
	}
}

// at are the options to connect to an address.
func at(a net.Addr) engine.ConnectOptions {
	to := a.(*net.TCPAddr)
	return engine.ConnectOptions{Host: to.IP.String(), Port: to.Port}
}
