package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/shardloop/shardloop/bench/loss"
)

// lossRun is the command loss where the program peers is missing.
func lossRun(t *testing.T, args ...string) (out string, code int) {
	t.Helper()
	cmd := loopbench(t, append([]string{"loss"}, args...)...)
	cmd.Env = append(os.Environ(), loss.PeersVariable+"="+filepath.Join(t.TempDir(), "peers"))
	var text, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &text, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	if code = cmd.ProcessState.ExitCode(); code != 0 && errs.Len() == 0 {
		t.Errorf("%q: exit code %d without a word", args, code)
	}
	return text.String(), code
}

func TestLossExitCodes(t *testing.T) {
	for args, want := range map[string]int{
		"--filter nothing-like-it":         2,
		"--filter [":                       2,
		"--json --markdown":                2,
		"--filter ^half-close$":            0,
		"--filter ^half-close$ --markdown": 0,
		"--filter ^close$ --require-peers": 4,
	} {
		if out, got := lossRun(t, strings.Fields(args)...); got != want {
			t.Errorf("loopbench loss %s: %d, want %d\n%s", args, got, want, out)
		}
	}
}

func TestLossTable(t *testing.T) {
	out, _ := lossRun(t, "--filter", "^half-close$")
	for _, want := range []string{"scenario", "engine", "half-close  all", "not here"} {
		if !strings.Contains(out, want) {
			t.Errorf("the table lacks %q:\n%s", want, out)
		}
	}
}

func TestLossJSON(t *testing.T) {
	out, _ := lossRun(t, "--json", "--filter", "^half-close$")
	verdicts := map[string]string{}
	for line := range strings.Lines(out) {
		var r struct{ Scenario, Library, Verdict string }
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		verdicts[r.Library] = r.Verdict
	}
	if verdicts["engine"] != "all" || verdicts["net"] != "all" || verdicts["gnet"] != "not here" {
		t.Errorf("the verdicts are %v", verdicts)
	}
}
