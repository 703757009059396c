//go:build unix

package engine_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// TestClosingDescriptor: the descriptor of a transport that is closing may be watched
// again, and nothing of what the transport still has to send is lost by that.
func TestClosingDescriptor(t *testing.T) {
	prove(t, "FD-09", func(t *testing.T) {
		for name, test := range map[string]closingTest{"with bytes to send": watchedWhileItDrains, "with none": watchedWhileItEnds} {
			t.Run(name, func(t *testing.T) {
				inTaskWith(t, func(ctx context.Context, l *engine.Loop, s *engine.Socket, other net.Conn) { test(t, ctx, l, s, other) })
			})
		}
		t.Run("datagrams", datagramsWatchedAtTheEnd)
	})
}

type closingTest func(t *testing.T, ctx context.Context, l *engine.Loop, s *engine.Socket, other net.Conn)

func watchedWhileItDrains(t *testing.T, ctx context.Context, l *engine.Loop, s *engine.Socket, other net.Conn) {
	fd := s.Fd()
	p := takeOver(t, ctx, l, s)
	data := bytes.Repeat([]byte("shardloop"), 1<<20) // more than the kernel takes
	_, err := p.transport.Write(data)
	must(t, err)
	wantErr(t, "a reader before", l.AddReader(fd, nop), engine.ErrFdInUse)
	p.transport.Close()
	if l.RemoveReader(fd) || l.RemoveWriter(fd) {
		t.Error("there was a reader or a writer")
	}
	readable := engine.NewFuture[struct{}](l)
	must(t, l.AddReader(fd, func() {
		if !readable.Done() {
			_ = readable.SetResult(struct{}{})
		}
	}))
	must(t, l.AddWriter(fd, nop))
	_, err = other.Write([]byte("x"))
	must(t, err)
	_, err = engine.Await(ctx, readable)
	must(t, err)
	if !l.RemoveReader(fd) || l.RemoveReader(fd) || !l.RemoveWriter(fd) {
		t.Error("what was added is not what was removed")
	}
	must(t, l.AddReader(fd, nop)) // stays
	got := make(chan []byte, 1)
	go func() {
		all, _ := io.ReadAll(other)
		got <- all
	}()
	p.wantLost(t, ctx)
	if all := <-got; !bytes.Equal(all, data) {
		t.Errorf("%d bytes arrived, want %d", len(all), len(data))
	}
	wantUnwatched(t, l, fd)
}

func watchedWhileItEnds(t *testing.T, ctx context.Context, l *engine.Loop, s *engine.Socket, other net.Conn) {
	fd := s.Fd()
	p := takeOver(t, ctx, l, s)
	p.transport.Close()
	must(t, l.AddWriter(fd, nop))
	must(t, l.AddWriter(fd, nop)) // in place of the other
	p.wantLost(t, ctx)
	rest(t, other)
	wantUnwatched(t, l, fd)
}

func datagramsWatchedAtTheEnd(t *testing.T) {
	l := newLoop(t)
	_, tr, _ := gramPair(t, l)
	fd := tr.ExtraInfo("socket").(*engine.TransportSocket).Fd()
	inTurn(t, l, func() {
		wantErr(t, "a reader before", l.AddReader(fd, nop), engine.ErrFdInUse)
		tr.Close()
		must(t, l.AddReader(fd, nop))
		if !l.RemoveReader(fd) {
			t.Error("the reader is gone")
		}
		must(t, l.AddReader(fd, nop))
	})
	wantWatched(t, l, 0)
	wantUnwatched(t, l, fd)
}

// wantUnwatched: the reader and writer have gone with the transport.
func wantUnwatched(t *testing.T, l *engine.Loop, fd engine.FD) {
	t.Helper()
	if l.RemoveReader(fd) || l.RemoveWriter(fd) {
		t.Error("the descriptor is watched behind its end")
	}
}
