package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/shardloop/shardloop/internal/leak"
)

// TestMain makes this test binary loopbench when it is started with one of its
// commands, as the tests and its own samples do.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-test.") {
		main()
		return
	}
	// The race detector's runtime sleeps for a second at the end of each
	// process, and every sample is one.
	os.Setenv("GORACE", os.Getenv("GORACE")+" atexit_sleep_ms=0")
	leak.Main(m)
}

// loopbench runs this binary as loopbench.
func loopbench(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return exec.CommandContext(t.Context(), exe, args...)
}

// quickest is a scenario whose samples take next to no time.
const quickest = "^callbacks/batch-1000$"

func TestExitCodes(t *testing.T) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		ctx  context.Context
		args string
		want int
	}{
		{t.Context(), "list", 0},
		{t.Context(), "help", 0},
		{t.Context(), "--no-such-flag", 2},
		{t.Context(), "no-such-command", 2},
		{t.Context(), "list argument", 2},
		{t.Context(), "run --filter [", 2},
		{t.Context(), "run --filter nothing-like-it", 2},
		{t.Context(), "bars --filter nothing-like-it", 2},
		{t.Context(), "bars --quick", 2},
		{t.Context(), "run --json no/such/directory/file", 5},
		{t.Context(), `sample {"scenario":"none"}`, 5},
		{t.Context(), "serve engine no-such-role tcp 127.0.0.1:0", 1},
		{t.Context(), "serve engine echo tcp no-such-address", 1},
		{t.Context(), "serve engine", 2},
		{cancelled, "run", 130},
	} {
		var out bytes.Buffer
		if got := execute(c.ctx, strings.Fields(c.args), &out, null); got != c.want {
			t.Errorf("loopbench %s: %d, want %d", c.args, got, c.want)
		}
	}
}

// In a pipe there is no progress: only results on standard output, only notes
// on standard error, and the raw file is complete.
func TestRunInPipe(t *testing.T) {
	raw := filepath.Join(t.TempDir(), "raw.json")
	cmd := loopbench(t, "run", "--quick", "--profile", "--filter", quickest, "--json", raw)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, errs.String())
	}
	for _, want := range []string{"callbacks/batch-1000", "engine", "the hottest functions"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("standard output lacks %q:\n%s", want, out.String())
		}
	}
	for line := range strings.Lines(errs.String()) {
		if !strings.HasPrefix(line, "note: ") {
			t.Errorf("standard error: %q", line)
		}
	}
	text, err := os.ReadFile(raw)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(text, []byte(`{"kind":"environment"`)) || !bytes.Contains(text, []byte(`{"kind":"end"`)) {
		t.Errorf("the raw file is not complete: %d bytes", len(text))
	}
}

func TestBarsJSON(t *testing.T) {
	cmd := loopbench(t, "bars", "--json", "--filter", "^idle/empty turns$")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, errs.String())
	}
	var bar map[string]any
	if err := json.Unmarshal(out, &bar); err != nil {
		t.Fatalf("%v in %q", err, out)
	}
	if bar["bar"] != "idle/empty turns" || bar["verdict"] != "pass" || bar["sense"] != "<=" || len(bar) != 8 {
		t.Errorf("bar %v", bar)
	}
}
