package lint

import (
	"errors"
	"os/exec"
	"strings"
	"testing"
)

// importing is a Go file of package p that imports the paths; those of this
// module begin with a dot.
func importing(paths ...string) string {
	text := "package p\n"
	for _, p := range paths {
		if rest, ours := strings.CutPrefix(p, "./"); ours {
			p = module + "/" + rest
		}
		text += "import _ \"" + p + "\"\n"
	}
	return text
}

func TestImports(t *testing.T) {
	testRule(t, Imports, []ruleCase{
		{"standard library", "timerwheel/a.go", importing("time", "net/http"), 0},
		{"up", "poller/a.go", importing("./engine"), 1},
		{"sideways", "timerwheel/a.go", importing("./buffers"), 1},
		{"down", "engine/a.go", importing("./poller", "./engine/internal/reactor", "golang.org/x/sys/unix"), 0},
		{"itself", "poller/simpoll/a.go", importing("./poller"), 0},
		{"reactor", "engine/internal/reactor/a.go", importing("./poller", "./timerwheel", "./internal/gid"), 0},
		{"reactor knows no tls", "engine/internal/reactor/a.go", importing("./tls"), 1},
		{"reactor knows no engine", "engine/internal/reactor/a.go", importing("./engine"), 1},
		{"stream", "engine/internal/stream/a.go", importing("./engine/internal/reactor", "./engine/internal/sock", "./tls"), 0},
		{"sock knows no reactor", "engine/internal/sock/a.go", importing("./engine/internal/reactor"), 1},
		{"stream knows no datagrams", "engine/internal/stream/a.go", importing("./engine/internal/dgram"), 1},
		{"no floor below engine/internal", "engine/internal/attic/a.go", importing(), 1},
		{"nothing imports bench", "engine/a.go", importing("./bench"), 1},
		{"but its command", "cmd/loopbench/a.go", importing("./bench", "./bench/stat", "github.com/spf13/cobra"), 0},
		{"which has flags only", "cmd/loopbench/a.go", importing("./engine"), 1},
		{"bench", "bench/a.go", importing("./engine", "./poller", "github.com/HdrHistogram/hdrhistogram-go"), 0},
		{"bench stays out of other floors", "bench/a.go", importing("./timerwheel", "./internal/leak"), 2},
		{"dependency of others", "engine/a.go", importing("github.com/spf13/cobra"), 1},
		{"netpoll at home", "bench/netpoll/a.go", importing("github.com/cloudwego/netpoll"), 0},
		{"netpoll elsewhere", "bench/a.go", importing("github.com/cloudwego/netpoll"), 1},
		{"helper", "engine/a.go", importing("./internal/leak"), 1},
		{"helper of a test", "engine/a_test.go", importing("./internal/leak", "./internal/conform", "./poller/simpoll"), 0},
		{"test of a lower floor", "poller/a_test.go", importing("./engine"), 1},
		{"no floor", "attic/a.go", importing(), 1},
		{"similar name", "enginex/a.go", importing(), 1},
		{"testdata", "engine/testdata/a.go", importing("./bench"), 0},
	})
}

// TestEngineCompilesNoTools asks the go command what a program that imports the
// engine is made of.
func TestEngineCompilesNoTools(t *testing.T) {
	allowed := []string{module, "golang.org/x/sys", "github.com/valyala/bytebufferpool"}
	const format = "{{if not .Standard}}{{.ImportPath}}{{end}}"
	for _, p := range strings.Fields(goList(t, "-deps", "-f", format, "./engine/...", "./poller/...", "./timerwheel/...")) {
		ok := false
		for _, a := range allowed {
			ok = ok || within(p, a)
		}
		if !ok || within(p, module+"/bench") {
			t.Errorf("a program that imports the engine compiles %s", p)
		}
	}
}

// goList runs go list at the root.
func goList(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Dir = root
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		t.Fatalf("go list: %s", exit.Stderr)
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
