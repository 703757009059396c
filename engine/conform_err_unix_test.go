//go:build unix

package engine_test

import (
	"log/slog"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

func TestTransportErrors(t *testing.T) {
	prove(t, "ERR-10", func(t *testing.T) {
		for _, debug := range []bool{false, true} {
			testSystemErrors(t, debug)
			testOtherErrors(t, debug)
			testEndpointErrors(t, debug)
		}
	})
}

// testSystemErrors: the handler is not told of them, and the log only in debug mode.
func testSystemErrors(t *testing.T, debug bool) {
	t.Setenv("SHARDLOOPDEBUG", "")
	for what, fails := range map[string]func(tr engine.Transport, far *wireEnd){
		"read": func(_ engine.Transport, far *wireEnd) { far.resets() },
		"write": func(tr engine.Transport, far *wireEnd) {
			tr.PauseReading()
			blocked(t, tr)
			far.resets()
		},
	} {
		l, log := logged(t, engine.Config{Debug: debug})
		l.SetSlowCallbackDuration(time.Hour)
		list, w := failures(l), &wireTap{}
		tr, far := joined(t, l, overTCPPair, w)
		log.take()
		fails(tr, far)
		untilSo(t, l, func() bool { return w.over })
		isEqual(t, what+": reports", len(*list), 0)
		records := log.take()
		for _, r := range records {
			if r.level != slog.LevelDebug {
				t.Errorf("%s: logged %v", what, r)
			}
		}
		if last := len(records) - 1; !debug {
			isEqual(t, what+": records", last, -1)
		} else if r := records[last]; r.text != "connection lost" || r.attrs["transport"] != any(tr) || r.attrs["error"] != w.err || w.err == nil {
			t.Errorf("%s: logged %v for %v", what, r, w.err)
		}
	}
}

// testOtherErrors: the handler is told, of a panic with an error of the system too,
// and the default one logs it.
func testOtherErrors(t *testing.T, debug bool) {
	for _, fault := range []error{errBroken, syscall.ECONNRESET} {
		l, log := logged(t, engine.Config{Debug: debug})
		list, w := failures(l), &wireTap{onData: func([]byte) { panic(fault) }}
		tr, far := wired(t, l, w)
		far.send("x")
		untilSo(t, l, func() bool { return w.over })
		c := (*list)[0]
		wantFailure(t, list, "Fatal error: protocol.data_received() call failed.", tr, w, fault)
		wantErr(t, "ConnectionLost", w.err, fault)
		log.take()
		l.DefaultExceptionHandler(c)
		if r := log.one(t); r.level != slog.LevelError || r.attrs["error"] != c.Err ||
			!strings.Contains(r.text, "\nprotocol: ") || !strings.Contains(r.text, "\ntransport: <Transport fd=") {
			t.Errorf("logged %v", r)
		}
	}
}

// testEndpointErrors: what ends an endpoint, without a fault of its protocol's.
func testEndpointErrors(t *testing.T, debug bool) {
	l, log := logged(t, engine.Config{Debug: debug, CloseTimeout: time.Millisecond})
	l.SetSlowCallbackDuration(time.Hour)
	g, tr, _ := gramPair(t, l)
	list := failures(l)
	stuffedGrams(t, tr, engine.Addr{})
	log.take()
	tr.Close()
	untilSo(t, l, func() bool { return g.over })
	isEqual(t, "reports", len(*list), 0)
	records := log.take()
	isEqual(t, "records", len(records) == 1, debug)
	for _, r := range records {
		if r.level != slog.LevelDebug || r.text != "datagram endpoint lost" || r.attrs["transport"] != any(tr) || r.attrs["error"] != g.err || g.err == nil {
			t.Errorf("logged %v for %v", r, g.err)
		}
	}
}
