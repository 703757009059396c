package bench

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// The client tells an answer that differs in one byte, and one that does not come.
func TestEchoClientChecksAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(nth int, p, last []byte) []byte
		want  string
	}{
		"faithful":   {func(_ int, p, _ []byte) []byte { return p }, ""},
		"first byte": {func(_ int, p, _ []byte) []byte { p[0]++; return p }, errEcho.Error()},
		"last byte":  {func(_ int, p, _ []byte) []byte { p[len(p)-1]++; return p }, errEcho.Error()},
		"later on":   {func(n int, p, _ []byte) []byte { p[9] += byte(n / 15); return p }, errEcho.Error()},
		"old answer": {func(_ int, _, last []byte) []byte { return last }, errEcho.Error()},
		"end":        {func(int, []byte, []byte) []byte { return nil }, "ended"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := echoClient(t.Context(), echoTask(startEcho(t, c.spoil)))
			if text := errText(err); (text == "") != (c.want == "") || !strings.Contains(text, c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// An answer may come in pieces.
func TestEchoClientTakesPieces(t *testing.T) {
	port := startEcho(t, func(_ int, p, _ []byte) []byte { return p }, 1, 20)
	m, err := echoClient(t.Context(), echoTask(port))
	if err != nil || m["time"] <= 0 {
		t.Errorf("%v, %v", m, err)
	}
}

// A client that fails ends the server and the sample.
func TestEchoSideEndsWithItsClient(t *testing.T) {
	for _, side := range echoSides() {
		if side.Run == nil {
			continue
		}
		t.Run(side.Name, func(t *testing.T) {
			sc := tiny(echoScenarios())[1]
			sc.Sides = []Side{side}
			sc.Params["size"] = 64 << 20 // cannot be sent at once
			cfg := testConfig(t, sc)
			cfg.Rounds = 1
			err := Run(t.Context(), cfg, func(*Measurement) {})
			if !errors.Is(err, ErrSample) || !strings.Contains(err.Error(), "helper process") {
				t.Errorf("Run: %v", err)
			}
		})
	}
}

// The clock of another process is its processor time.
func TestCPUOfProcess(t *testing.T) {
	before, err := cpuOf(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	own, err := cpuTime()
	if err != nil {
		t.Fatal(err)
	}
	for start := own; own-start < 20*time.Millisecond; {
		if own, err = cpuTime(); err != nil {
			t.Fatal(err)
		}
	}
	after, err := cpuOf(os.Getpid())
	if err != nil || after-before < 10*time.Millisecond || after < own-10*time.Millisecond {
		t.Errorf("from %v to %v while the process went to %v: %v", before, after, own, err)
	}
	if _, err := cpuOf(1 << 23); err == nil {
		t.Error("a process that is not there has a clock")
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func echoTask(port int) Task {
	return Task{Spec{Params: Params{
		"connections": 3, "port": int64(port), "size": 64, "warmup": 10, "requests": 50,
	}}}
}

// startEcho serves until the test ends. Each connection's answers are what spoil
// makes of the requests, cut at the given places; none ends the connection.
func startEcho(t *testing.T, spoil func(nth int, p, last []byte) []byte, cuts ...int) (port int) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	t.Cleanup(func() { ln.Close(); <-over })
	go func() {
		defer close(over)
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go answerSpoilt(conn, spoil, cuts)
		}
	}()
	return ln.Addr().(*net.TCPAddr).Port
}

func answerSpoilt(conn net.Conn, spoil func(int, []byte, []byte) []byte, cuts []int) {
	defer conn.Close()
	p, last := make([]byte, 64), make([]byte, 64)
	for n := 0; ; n++ {
		if _, err := io.ReadFull(conn, p); err != nil {
			return
		}
		answer, from := spoil(n, p, last), 0
		if answer == nil {
			return
		}
		for _, cut := range append(cuts, len(answer)) {
			conn.Write(answer[from:cut])
			from = cut
		}
		copy(last, p)
	}
}
