//go:build unix

package engine_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// connPair is a Conn of a loop that runs, and a connection of package net.
func connPair(t *testing.T) (*engine.Loop, *engine.Conn, *net.TCPConn) {
	t.Helper()
	far := newOutpost(t)
	l := servingLoop(t)
	c, err := engine.Dial(t.Context(), l, far.options())
	must(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return l, c, (<-far.conns).(*net.TCPConn)
}

// wantNetErr wants a *net.OpError for a reason.
func wantNetErr(t *testing.T, what string, err, reason error) {
	t.Helper()
	if _, ok := err.(*net.OpError); !ok {
		t.Errorf("%s: %T, want a *net.OpError", what, err)
	}
	wantErr(t, what, err, reason)
}

// meanwhile is the outcome of a call that waits on a goroutine of its own.
func meanwhile(fn func() error) <-chan error {
	c := make(chan error, 1)
	go func() { c <- fn() }()
	return c
}

func reading(c net.Conn) func() error {
	return func() error { return wrote(c.Read(make([]byte, 8))) }
}

func writing(c net.Conn) func() error {
	return func() error {
		p := make([]byte, 1<<20)
		for {
			if _, err := c.Write(p); err != nil {
				return err
			}
		}
	}
}

func TestConnTransfer(t *testing.T) {
	_, c, far := connPair(t)
	var both sync.WaitGroup
	for _, way := range []struct{ from, to net.Conn }{{c, far}, {far, c}} {
		data := pattern(5_000_000)
		both.Go(func() {
			n, err := way.from.Write(data)
			if n != len(data) || err != nil {
				t.Errorf("write: %d, %v", n, err)
			}
		})
		both.Go(func() {
			hash, want := sha256.New(), sha256.Sum256(data)
			if _, err := io.CopyN(hash, way.to, int64(len(data))); err != nil || !bytes.Equal(hash.Sum(nil), want[:]) {
				t.Errorf("other bytes came, %v", err)
			}
		})
	}
	both.Wait()
	if n, err := c.Read(nil); n != 0 || err != nil {
		t.Errorf("a read of nothing: %d, %v", n, err)
	}
	isEqual(t, "local", c.LocalAddr().String(), far.RemoteAddr().String())
	isEqual(t, "remote", c.RemoteAddr().String(), far.LocalAddr().String())
}

func TestConnHalfClose(t *testing.T) {
	_, c, far := connPair(t)
	must(t, wrote(c.Write([]byte("question"))))
	must(t, c.CloseWrite())
	wantNetErr(t, "a write", wrote(c.Write([]byte("x"))), syscall.EPIPE)
	all, err := io.ReadAll(far)
	isEqual(t, "the question", string(all), "question")
	must(t, err)
	must(t, wrote(far.Write([]byte("answer"))))
	must(t, far.CloseWrite())
	all, err = io.ReadAll(c)
	isEqual(t, "the answer", string(all), "answer")
	must(t, err)
}

// TestConnPeerEnds: what was sent before the peer's end is read, and writing goes on.
func TestConnPeerEnds(t *testing.T) {
	_, c, far := connPair(t)
	must(t, wrote(far.Write(pattern(200_000))))
	must(t, far.CloseWrite())
	n, err := io.Copy(io.Discard, c)
	isEqual(t, "read", n, 200_000)
	must(t, err)
	must(t, wrote(c.Write([]byte("more"))))
	hears(t, far, "more")
}

// TestConnClose: what was written comes, and who waits is told.
func TestConnClose(t *testing.T) {
	_, c, far := connPair(t)
	read := meanwhile(reading(c))
	data := pattern(60_000)
	must(t, wrote(c.Write(data)))
	must(t, c.Close())
	wantNetErr(t, "the read", <-read, net.ErrClosed)
	all, err := io.ReadAll(far)
	isEqual(t, "what was written", tallyOf(all), tallyOf(data))
	must(t, err)
	for what, err := range map[string]error{
		"Read": reading(c)(), "Write": wrote(c.Write(data)), "Close": c.Close(), "CloseWrite": c.CloseWrite(), "SetDeadline": c.SetDeadline(time.Now()),
	} {
		wantNetErr(t, what, err, net.ErrClosed)
	}
}

func TestConnCloseEndsWrites(t *testing.T) {
	l, c, _ := connPair(t)
	write := meanwhile(writing(c))
	until(t, l, func() bool { return c.Transport().WriteBufferSize() > 0 })
	must(t, c.Close())
	wantNetErr(t, "the write", <-write, net.ErrClosed)
	onLoop(t, l, c.Transport().Abort) // nobody reads
}

func TestConnReset(t *testing.T) {
	_, c, far := connPair(t)
	read := meanwhile(reading(c))
	must(t, far.SetLinger(0))
	must(t, far.Close())
	wantNetErr(t, "the read", <-read, syscall.ECONNRESET)
	wantNetErr(t, "a read", reading(c)(), syscall.ECONNRESET)
	wantNetErr(t, "a write", wrote(c.Write([]byte("x"))), syscall.ECONNRESET)
}

// TestConnAborted: by others than its user.
func TestConnAborted(t *testing.T) {
	l, c, _ := connPair(t)
	read := meanwhile(reading(c))
	onLoop(t, l, c.Transport().Abort)
	wantNetErr(t, "the read", <-read, net.ErrClosed)
	wantNetErr(t, "a write", wrote(c.Write([]byte("x"))), net.ErrClosed)
	must(t, c.Close())
}

// TestConnBackpressure: neither side holds what the other does not read.
func TestConnBackpressure(t *testing.T) {
	l, c, far := connPair(t)
	sent := meanwhile(writing(far))
	until(t, l, func() bool { return !c.Transport().IsReading() })
	for range 3 { // it is resumed and paused again
		_, err := io.CopyN(io.Discard, c, 1<<20)
		must(t, err)
		until(t, l, func() bool { return !c.Transport().IsReading() })
	}
	onLoop(t, l, c.Transport().Abort)
	if err := <-sent; err == nil {
		t.Error("the far end can write")
	}
}

func TestConnDeadlines(t *testing.T) {
	l, c, far := connPair(t)
	must(t, c.SetReadDeadline(time.Now().Add(-time.Second)))
	wantNetErr(t, "a read too late", reading(c)(), os.ErrDeadlineExceeded)
	must(t, c.SetReadDeadline(time.Time{}))
	says(t, c2{far, c}, "goes on")

	read := meanwhile(reading(c))
	must(t, c.SetReadDeadline(time.Now().Add(time.Hour)))
	must(t, c.SetReadDeadline(time.Now().Add(time.Millisecond)))
	err := <-read
	wantNetErr(t, "a read that waits", err, os.ErrDeadlineExceeded)
	if told, ok := err.(net.Error); !ok || !told.Timeout() {
		t.Errorf("%v is no timeout", err)
	}
	must(t, c.SetDeadline(time.Now().Add(time.Millisecond)))
	wantNetErr(t, "a write", writing(c)(), os.ErrDeadlineExceeded)
	must(t, c.SetDeadline(time.Time{}))
	write := meanwhile(writing(c))
	until(t, l, func() bool { return c.Transport().WriteBufferSize() > 0 })
	must(t, c.SetWriteDeadline(time.Now()))
	wantNetErr(t, "a write that waits", <-write, os.ErrDeadlineExceeded)
	must(t, far.SetLinger(0))
	must(t, far.Close())
}

// c2 writes to one connection and reads from another.
type c2 struct {
	net.Conn
	from net.Conn
}

func (c c2) Read(p []byte) (int, error) { return c.from.Read(p) }

// TestConnDeadlineLosesNothing: bytes that come as a deadline passes are read
// afterwards.
func TestConnDeadlineLosesNothing(t *testing.T) {
	_, c, far := connPair(t)
	data := pattern(100_000)
	sent := meanwhile(func() error {
		for p := data; len(p) > 0; p = p[100:] {
			if _, err := far.Write(p[:100]); err != nil {
				return err
			}
		}
		return far.CloseWrite()
	})
	var in []byte
	p := make([]byte, 70)
	for passed := 0; ; {
		must(t, c.SetReadDeadline(time.Now().Add(time.Duration(passed%40)*time.Microsecond)))
		n, err := c.Read(p)
		in = append(in, p[:n]...)
		if err == io.EOF {
			break
		}
		if err != nil {
			wantErr(t, "a read", err, os.ErrDeadlineExceeded)
			passed++
		}
	}
	must(t, <-sent)
	isEqual(t, "what came", tallyOf(in), tallyOf(data))
}

// TestConnDeadlineTakenBack: a write that waits counts nothing as sent when its
// deadline passes and is changed at once.
func TestConnDeadlineTakenBack(t *testing.T) {
	l, c, far := connPair(t)
	var over atomic.Bool
	sent := make(chan int)
	go func() {
		total, p := 0, make([]byte, 1000)
		for !over.Load() {
			n, _ := c.Write(p) // or its time was up
			total += n
		}
		sent <- total
	}()
	until(t, l, func() bool { return c.Transport().WriteBufferSize() > 0 })
	for range 10_000 {
		must(t, c.SetWriteDeadline(time.Now().Add(-time.Second)))
		must(t, c.SetWriteDeadline(time.Time{}))
	}
	over.Store(true)
	must(t, c.SetWriteDeadline(time.Now().Add(-time.Second)))
	total := <-sent
	must(t, c.CloseWrite())
	came, err := io.Copy(io.Discard, far)
	must(t, err)
	isEqual(t, "what came", int(came), total)
}

// TestConnPendingMemory: a reader that never has all of it costs no more for that.
func TestConnPendingMemory(t *testing.T) {
	const piece = 1000
	l, c, _ := connPair(t)
	data := pattern(50 * piece)
	comes := func(p []byte) { onLoop(t, l, func() { c.Transport().Protocol().DataReceived(p) }) }
	comes(data[:piece])
	for n := piece; n < len(data); n += piece {
		comes(data[n : n+piece])
		got := make([]byte, piece)
		must(t, wrote(io.ReadFull(c, got)))
		if !bytes.Equal(got, data[n-piece:n]) {
			t.Fatalf("other bytes at %d", n-piece)
		}
		if held := c.PendingMemory(); held > 4*piece {
			t.Fatalf("%d bytes for %d that are pending", held, piece)
		}
	}
}

func TestConnOnLoop(t *testing.T) {
	l, c, _ := connPair(t)
	onLoop(t, l, func() {
		wantNetErr(t, "Read", reading(c)(), engine.ErrNotInTask)
		wantNetErr(t, "Write", wrote(c.Write([]byte("x"))), engine.ErrNotInTask)
		must(t, c.SetDeadline(time.Time{}))
		must(t, c.Close())
	})
}

// TestConnLoopClosed: who waits when the loop is closed.
func TestConnLoopClosed(t *testing.T) {
	far := newOutpost(t)
	l := newLoop(t)
	start(t, l)
	c, err := engine.Dial(t.Context(), l, far.options())
	must(t, err)
	k, err := engine.Listen(t.Context(), l, local(engine.ServerOptions{}))
	must(t, err)
	read, write := meanwhile(reading(c)), meanwhile(writing(c))
	accept := meanwhile(func() error { _, err := k.Accept(); return err })
	until(t, l, func() bool { return c.Transport().WriteBufferSize() > 0 })
	closeLoop(t, l)
	wantNetErr(t, "the read", <-read, engine.ErrLoopClosed)
	wantNetErr(t, "the write", <-write, engine.ErrLoopClosed)
	wantNetErr(t, "the accept", <-accept, engine.ErrLoopClosed)
	must(t, c.Close())
	wantNetErr(t, "a close", k.Close(), net.ErrClosed)
}

// TestConnLoopClosing: writes on a transport that is closing, while the loop is closed.
func TestConnLoopClosing(t *testing.T) {
	far := newOutpost(t)
	l := newLoop(t)
	start(t, l)
	c, err := engine.Dial(t.Context(), l, far.options())
	must(t, err)
	write := meanwhile(writing(c))
	until(t, l, func() bool { return c.Transport().WriteBufferSize() > 0 })
	onLoop(t, l, c.Transport().Close)
	wantNetErr(t, "the write", <-write, net.ErrClosed)
	writes := meanwhile(func() (err error) {
		for !errors.Is(err, engine.ErrLoopClosed) {
			_, err = c.Write([]byte("x"))
		}
		return err
	})
	closeLoop(t, l)
	wantNetErr(t, "a write", <-writes, engine.ErrLoopClosed)
}

func TestConnUnix(t *testing.T) {
	path := filepath.Join(shortDir(t), "s")
	l := servingLoop(t)
	k, err := engine.ListenUnix(t.Context(), l, engine.UnixServerOptions{Path: path})
	must(t, err)
	isEqual(t, "listens at", k.Addr().String(), path)
	c, err := engine.DialUnix(t.Context(), l, engine.UnixConnectOptions{Path: path})
	must(t, err)
	accepted, err := k.Accept()
	must(t, err)
	says(t, c2{c, accepted}, "hello")
	must(t, c.Close())
	hangsUp(t, accepted)
	must(t, accepted.Close())
	must(t, k.Close())
	_, err = engine.DialUnix(t.Context(), l, engine.UnixConnectOptions{Path: path})
	if err == nil {
		t.Error("it accepts after Close")
	}
}

func TestDialFails(t *testing.T) {
	at := refusing(t)
	l := servingLoop(t)
	c, err := engine.Dial(context.Background(), l, engine.ConnectOptions{Host: "127.0.0.1", Port: int(at.Port())})
	wantErr(t, "Dial", err, syscall.ECONNREFUSED)
	if c != nil {
		t.Errorf("a connection %v beside the error", c)
	}
	_, err = engine.Dial(context.Background(), nil, engine.ConnectOptions{Host: "127.0.0.1", Port: int(at.Port())})
	wantErr(t, "Dial without a loop", err, engine.ErrNoRunningLoop)
}
