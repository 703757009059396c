//go:build unix

package engine_test

import (
	"context"
	"crypto/tls"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

func TestStreamServer(t *testing.T) {
	prove(t, "STRM-06", testHandlerFails)
	prove(t, "STRM-08", func(t *testing.T) {
		testStreamArguments(t)
		testStreamsOverTCP(t)
		testStreamsOverUnix(t)
	})
}

// streamServer serves handler on a running loop.
func streamServer(t *testing.T, l *engine.Loop, h engine.StreamHandler, o engine.StreamOptions) *engine.Server {
	t.Helper()
	s, err := engine.StartServer(t.Context(), l, h, local(engine.ServerOptions{}), o)
	must(t, err)
	endServer(t, l, s)
	return s
}

// echoLines sends back each line, and says what ended them.
func echoLines(ctx context.Context, r *engine.StreamReader, w *engine.StreamWriter) error {
	defer w.Close()
	for line, err := range r.Lines(ctx) {
		if err != nil {
			_, _ = w.Write([]byte("! " + err.Error()))
			return nil
		}
		if _, err := w.Write(line); err != nil {
			return err
		}
		if err := w.Drain(ctx); err != nil {
			return err
		}
	}
	return nil
}

// testHandlerFails: by an error, by a panic, and by a cancellation, of which nobody
// is told. One that returns leaves the connection open.
func testHandlerFails(t *testing.T) {
	l := newLoop(t)
	reports := reportsOf(l)
	start(t, l)
	var writers []*engine.StreamWriter
	s := streamServer(t, l, func(ctx context.Context, r *engine.StreamReader, w *engine.StreamWriter) error {
		line, err := r.ReadLine(ctx)
		if err != nil {
			return err
		}
		writers = append(writers, w)
		switch string(line) {
		case "fail\n":
			return errTest
		case "panic\n":
			panic(errTest)
		case "cancel\n":
			engine.CurrentTask(ctx).Cancel(errTest)
			return engine.Sleep(ctx, 0)
		}
		_, err = w.Write([]byte("hello"))
		return err
	}, engine.StreamOptions{})
	for i, how := range []string{"fail", "panic", "cancel"} {
		c := client(t, address(t, l, s))
		_, err := c.Write([]byte(how + "\n"))
		must(t, err)
		hangsUp(t, c)
		list := reports.take()
		if how == "cancel" {
			wantReports(t, list)
			continue
		}
		wantReports(t, list, "Unhandled exception in client_connected_cb")
		wantErr(t, how, list[0].Err, errTest)
		onLoop(t, l, func() {
			if list[0].Transport != any(writers[i].Transport()) {
				t.Errorf("%s: of %v", how, list[0].Transport)
			}
		})
	}
	c := client(t, address(t, l, s))
	_, err := c.Write([]byte("stay\n"))
	must(t, err)
	hears(t, c, "hello")
	for range 5 {
		onLoop(t, l, nop)
	}
	onLoop(t, l, func() { isEqual(t, "closing", writers[3].IsClosing(), false) })
	wantReports(t, reports.take())
}

func testStreamArguments(t *testing.T) {
	l := servingLoop(t)
	ctx, bad := t.Context(), engine.StreamOptions{Limit: -1}
	_, _, err := engine.OpenConnection(ctx, l, engine.ConnectOptions{Port: 1}, bad)
	wantArgError(t, "OpenConnection", err, "Limit")
	_, _, err = engine.OpenConnection(ctx, l, engine.ConnectOptions{}, engine.StreamOptions{})
	wantArgError(t, "OpenConnection", err, "Host")
	_, _, err = engine.OpenUnixConnection(ctx, l, engine.UnixConnectOptions{Path: "x"}, bad)
	wantArgError(t, "OpenUnixConnection", err, "Limit")
	_, _, err = engine.OpenUnixConnection(ctx, l, engine.UnixConnectOptions{}, engine.StreamOptions{})
	wantArgError(t, "OpenUnixConnection", err, "Path")
	_, err = engine.StartServer(ctx, l, echoLines, engine.ServerOptions{Port: 0}, bad)
	wantArgError(t, "StartServer", err, "Limit")
	_, err = engine.StartServer(ctx, l, nil, engine.ServerOptions{Port: 0}, engine.StreamOptions{})
	wantArgError(t, "StartServer", err, "h")
	_, err = engine.StartServer(ctx, l, echoLines, engine.ServerOptions{}, engine.StreamOptions{})
	wantArgError(t, "StartServer", err, "Port")
	_, err = engine.StartUnixServer(ctx, l, echoLines, engine.UnixServerOptions{Path: "x"}, bad)
	wantArgError(t, "StartUnixServer", err, "Limit")
	_, err = engine.StartUnixServer(ctx, l, echoLines, engine.UnixServerOptions{}, engine.StreamOptions{})
	wantArgError(t, "StartUnixServer", err, "Path")
}

// testStreamsOverTCP: the options arrive, those of the connection and the limit.
func testStreamsOverTCP(t *testing.T) {
	l := servingLoop(t)
	s := streamServer(t, l, echoLines, engine.StreamOptions{Limit: 8})
	to := engine.ConnectOptions{Host: "127.0.0.1", Port: portOf(address(t, l, s)), LocalHost: "127.0.0.1"}
	must(t, taskErr(t, l, func(ctx context.Context) error {
		r, w, err := engine.OpenConnection(ctx, l, to, engine.StreamOptions{Limit: 3})
		if err != nil {
			return err
		}
		return talkLines(ctx, t, r, w)
	}))
}

// talkLines talks to echoLines with a limit of 8, by a reader with one of 3.
func talkLines(ctx context.Context, t *testing.T, r *engine.StreamReader, w *engine.StreamWriter) error {
	if _, err := w.Write([]byte("abc\nabcdefgh\n123456789\n")); err != nil {
		return err
	}
	line, err := r.ReadLine(ctx)
	isEqual(t, "a line", string(line), "abc\n")
	must(t, err)
	_, err = r.ReadLine(ctx)
	var over *engine.LimitOverrunError
	isEqual(t, "a line above the limit", errors.As(err, &over), true)
	rest, err := r.Read(ctx, -1)
	if !strings.HasSuffix(string(rest), "! separator is found, but chunk is longer than limit") {
		t.Errorf("the server says %q", rest)
	}
	must(t, err)
	testStartTLS(t, ctx, w)
	w.Close()
	return w.WaitClosed(ctx)
}

func testStartTLS(t *testing.T, ctx context.Context, w *engine.StreamWriter) {
	wantArgError(t, "StartTLS", w.StartTLS(ctx, nil, "", engine.TLSOptions{}), "c")
	wantArgError(t, "StartTLS", w.StartTLS(ctx, &tls.Config{}, "", engine.TLSOptions{}), "ServerHostname")
	wantErr(t, "StartTLS", w.StartTLS(ctx, &tls.Config{}, "host", engine.TLSOptions{}), engine.ErrUnsupported)
}

func testStreamsOverUnix(t *testing.T) {
	l := servingLoop(t)
	path := filepath.Join(shortDir(t), "s")
	s, err := engine.StartUnixServer(t.Context(), l, echoLines, engine.UnixServerOptions{Path: path}, engine.StreamOptions{Limit: 8})
	must(t, err)
	endServer(t, l, s)
	must(t, taskErr(t, l, func(ctx context.Context) error {
		r, w, err := engine.OpenUnixConnection(ctx, l, engine.UnixConnectOptions{Path: path}, engine.StreamOptions{Limit: 3})
		if err != nil {
			return err
		}
		return talkLines(ctx, t, r, w)
	}))
}
