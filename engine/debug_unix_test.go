//go:build unix

package engine_test

import (
	"strings"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// TestDebugOfTransports: in debug mode a transport's methods are refused on a
// foreign goroutine before they touch anything, but for those that any may call.
func TestDebugOfTransports(t *testing.T) {
	l := newLoop(t, engine.Config{Debug: true})
	start(t, l)
	made := make(chan engine.Transport, 1)
	s := serve(t, l, func() engine.Protocol {
		return &served{made: func(tr engine.Transport) { made <- tr }}
	}, local(engine.ServerOptions{Port: 0}))
	c := client(t, address(t, l, s))
	tr := <-made
	for name, call := range map[string]func() error{
		"Write":                func() error { _, err := tr.Write([]byte("x")); return err },
		"Writev":               func() error { _, err := tr.Writev([][]byte{[]byte("x")}); return err },
		"WriteOwned":           func() error { return tr.WriteOwned([]byte("x"), nil) },
		"WriteEOF":             tr.WriteEOF,
		"SetWriteBufferLimits": func() error { return tr.SetWriteBufferLimits(1, 1) },
		"SetTimeouts":          func() error { return tr.SetTimeouts(engine.Timeouts{Idle: 1}) },
		"PauseReading":         func() error { return panicOf(tr.PauseReading) },
		"ResumeReading":        func() error { return panicOf(tr.ResumeReading) },
		"Close":                func() error { return panicOf(tr.Close) },
		"Abort":                func() error { return panicOf(tr.Abort) },
		"SetProtocol":          func() error { return panicOf(func() { tr.SetProtocol(nil) }) },
	} {
		wantErr(t, name, call(), engine.ErrWrongThread)
	}
	must(t, tr.Post([]byte("posted")))
	hears(t, c, "posted")
	onLoop(t, l, func() {
		if low, high := tr.WriteBufferLimits(); tr.IsClosing() || !tr.IsReading() || high == 1 || low == 1 {
			t.Error("a call that was refused has changed the transport")
		}
	})
}

// TestDebugSlowProtocol: debug mode logs every call of a protocol's that takes too
// long.
func TestDebugSlowProtocol(t *testing.T) {
	l, log := logged(t, engine.Config{Debug: true})
	var calls []string
	s := serveHere(t, l, func() engine.Protocol {
		note := func(what string) { calls = append(calls, what); l.SetSlowCallbackDuration(0) }
		p := &served{}
		p.made = func(engine.Transport) { note("made") }
		p.data = func([]byte) { note("data") }
		p.end = func() bool { note("end"); return false }
		p.lost = func(error) { note("lost") }
		return p
	}, engine.ServerOptions{Port: 0})
	at, err := s.Sockets()[0].LocalAddr()
	must(t, err)
	c := client(t, at)
	_, err = c.Write([]byte("x"))
	must(t, err)
	must(t, c.Close())
	for len(calls) < 4 {
		turn(t, l)
	}
	slow := 0
	for _, r := range log.take() {
		if strings.HasPrefix(r.text, "Executing *engine_test.served of <Transport fd=") {
			slow++
		}
	}
	if slow != len(calls) {
		t.Errorf("%d slow calls of %v were logged", slow, calls)
	}
}
