//go:build unix

package engine_test

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
	"github.com/shardloop/shardloop/poller"
)

// stillClock is a poller whose clock moves when the test moves it.
type stillClock struct {
	poller.Poller
	now int64
}

func (p *stillClock) Now() int64 { return p.now }

// Wait ends early where it would wait.
func (p *stillClock) Wait(int64, poller.Mode) ([]poller.Event, error) { return p.Poll() }

// tappedAt is tapped on a loop whose clock the test moves.
func tappedAt(t testing.TB, config engine.Config) (*stillClock, *engine.Loop, *wireTap, engine.Transport, *wireEnd) {
	t.Helper()
	clock := &stillClock{Poller: newSpy(t).Poller, now: int64(time.Hour)}
	config.Poller = clock
	l, w, tr, far := tapped(t, config)
	return clock, l, w, tr, far
}

// passes lets time go by, and the turns that act on it.
func (p *stillClock) passes(t testing.TB, l *engine.Loop, d time.Duration) {
	t.Helper()
	p.now += int64(d)
	idleTurns(t, l)
}

// wantTimeout wants the error of a limit, with so much unsent.
func wantTimeout(t testing.TB, err error, op string, is error, unsent int) {
	t.Helper()
	var e *net.OpError
	var x *engine.TimeoutError
	if !errors.As(err, &e) || e.Op != op || e.Net == "" || e.Source == nil || e.Addr == nil || !e.Timeout() {
		t.Fatalf("%#v, want a *net.OpError of %q with its addresses", err, op)
	}
	for _, target := range []error{is, engine.ErrTimeout, os.ErrDeadlineExceeded, context.DeadlineExceeded} {
		wantErr(t, op, err, target)
	}
	if errors.Is(err, engine.ErrCloseTimeout) != (is == engine.ErrCloseTimeout) {
		t.Errorf("%v is ErrCloseTimeout: %v", err, is != engine.ErrCloseTimeout)
	}
	if !errors.As(err, &x) || x.Unsent != unsent {
		t.Errorf("%v: want %d bytes unsent", err, unsent)
	}
}

func TestTimeouts(t *testing.T) {
	for op, timeouts := range map[string]engine.Timeouts{
		"idle":  {Idle: time.Second, Read: 2 * time.Second},
		"read":  {Idle: 2 * time.Second, Read: time.Second},
		"write": {Idle: time.Second, Read: time.Second, Write: time.Second},
	} {
		clock, l, w, tr, far := tappedAt(t, engine.Config{})
		var all []byte
		if op == "write" {
			all = blocked(t, tr)
		}
		inTurn(t, l, func() { must(t, tr.SetTimeouts(timeouts)) })
		isEqual(t, "timeouts", tr.Timeouts(), timeouts)
		clock.passes(t, l, time.Second-1)
		w.want(t)
		left := tr.WriteBufferSize()
		clock.passes(t, l, 1)
		w.want(t, "lost")
		wantTimeout(t, w.err, op, engine.ErrTimeout, left)
		counts := map[string]engine.TimedOut{"idle": {Idle: 1}, "read": {Read: 1}, "write": {Write: 1}}
		isEqual(t, "counted", l.Stats().TimedOut, counts[op])
		wantErr(t, "Write", wrote(tr.Write([]byte("x"))), engine.ErrTransportClosing)
		must(t, tr.SetTimeouts(timeouts))
		isEqual(t, "timeouts at the end", tr.Timeouts(), engine.Timeouts{})
		far.read()
		isEqual(t, "sent and dropped", far.in.n+left, len(all))
	}
}

// TestTimeoutErrorText names what is dropped.
func TestTimeoutErrorText(t *testing.T) {
	isEqual(t, "nothing dropped", (&engine.TimeoutError{}).Error(), "timed out")
	isEqual(t, "dropped", (&engine.TimeoutError{Unsent: 5}).Error(), "timed out, 5 bytes are dropped")
	clock, l, w, tr, _ := tappedAt(t, engine.Config{CloseTimeout: time.Second})
	blocked(t, tr)
	inTurn(t, l, tr.Close)
	clock.passes(t, l, time.Second)
	if text := w.err.Error(); !strings.HasPrefix(text, "close unix") || !strings.Contains(text, engine.ErrCloseTimeout.Error()) {
		t.Error(text)
	}
}

// TestCloseTimeout counts from Close, in whatever way it comes.
func TestCloseTimeout(t *testing.T) {
	clock, l, w, tr, far := tappedAt(t, engine.Config{CloseTimeout: time.Second})
	all := blocked(t, tr)
	clock.passes(t, l, time.Hour)
	inTurn(t, l, tr.Close)
	clock.passes(t, l, time.Second-1)
	w.want(t)
	left := tr.WriteBufferSize()
	clock.passes(t, l, 1)
	w.want(t, "lost")
	wantTimeout(t, w.err, "close", engine.ErrCloseTimeout, left)
	far.read()
	isEqual(t, "sent and dropped", far.in.n+left, len(all))

	clock, l, w, tr, far = tappedAt(t, engine.Config{CloseTimeout: time.Second})
	blocked(t, tr)
	must(t, far.s.Shutdown(1))
	idleTurns(t, l)
	w.want(t, "eof")
	clock.passes(t, l, time.Second)
	w.want(t, "lost")
	wantErr(t, "an end that is not kept open", w.err, engine.ErrCloseTimeout)
}

// TestTimeoutsChangeInEveryCall of a protocol; the last change counts.
func TestTimeoutsChangeInEveryCall(t *testing.T) {
	clock := &stillClock{Poller: newSpy(t).Poller, now: int64(time.Hour)}
	l, w := newLoop(t, engine.Config{Poller: clock}), &wireTap{}
	change := func() {
		must(t, w.tr.SetTimeouts(engine.Timeouts{Idle: 1}))
		must(t, w.tr.SetTimeouts(engine.Timeouts{Idle: time.Second}))
	}
	w.onMade, w.onPause, w.onReady, w.onLost = change, change, change, change
	w.onData = func([]byte) { change() }
	w.onEnd = func() bool { change(); return true }
	tr, far := wired(t, l, w)
	step := func(want string, do func()) {
		t.Helper()
		clock.passes(t, l, time.Second-1)
		do()
		idleTurns(t, l)
		w.want(t, want)
		isEqual(t, "timeouts", tr.Timeouts(), engine.Timeouts{Idle: time.Second})
	}
	w.want(t, "made")
	step("data", func() { far.send("x") })
	var all []byte
	step("pause", func() { must(t, tr.SetWriteBufferLimits(0, 0)); all = blocked(t, tr) })
	step("resume", func() { far.drained(l, len(all)) })
	step("eof", func() { must(t, far.s.Shutdown(1)) })
	clock.passes(t, l, time.Second)
	w.want(t, "lost")
	wantTimeout(t, w.err, "idle", engine.ErrTimeout, 0)
}

// TestTimeoutsOfABufferedProtocol are those of the others.
func TestTimeoutsOfABufferedProtocol(t *testing.T) {
	clock := &stillClock{Poller: newSpy(t).Poller, now: int64(time.Hour)}
	l, f := newLoop(t, engine.Config{Poller: clock}), &fillTap{memory: make([]byte, 10)}
	tr, far := wired(t, l, f)
	inTurn(t, l, func() { must(t, tr.SetTimeouts(engine.Timeouts{Read: time.Second})) })
	clock.passes(t, l, time.Second-1)
	far.send("xy")
	clock.passes(t, l, time.Second-1)
	f.want(t, "made", "get", "updated 2")
	clock.passes(t, l, time.Second-1)
	f.want(t)
	clock.passes(t, l, 1)
	f.want(t, "get", "lost") // a last look
	wantTimeout(t, f.err, "read", engine.ErrTimeout, 0)
}

// TestBadTimeouts are refused before anything is touched.
func TestBadTimeouts(t *testing.T) {
	l, _, tr, _ := tapped(t)
	good := engine.Timeouts{Idle: 1 << 40}
	must(t, tr.SetTimeouts(good))
	make := func() engine.Protocol { return &served{} }
	for field, bad := range map[string]engine.Timeouts{"Idle": {Idle: -1}, "Read": {Read: -1}, "Write": {Write: -1}} {
		wantBadArg(t, tr.SetTimeouts(bad), field)
		_, err := l.CreateServer(t.Context(), make, local(engine.ServerOptions{Timeouts: bad}))
		wantBadArg(t, err, "Timeouts."+field)
		_, err = l.CreateUnixServer(t.Context(), make, engine.UnixServerOptions{Path: "x", Timeouts: bad})
		wantBadArg(t, err, "Timeouts."+field)
		_, _, err = l.CreateConnection(t.Context(), make, engine.ConnectOptions{Port: 1, Timeouts: bad})
		wantBadArg(t, err, "Timeouts."+field)
		_, _, err = l.CreateUnixConnection(t.Context(), make, engine.UnixConnectOptions{Path: "x", Timeouts: bad})
		wantBadArg(t, err, "Timeouts."+field)
	}
	isEqual(t, "timeouts", tr.Timeouts(), good)
}
