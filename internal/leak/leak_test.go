package leak

import (
	"bytes"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shardloop/shardloop/internal/emulator"
)

// childEnv, set to the name of a case, turns the test binary into a program
// whose tests do what the case does.
const childEnv = "SHARDLOOP_LEAK_CASE"

// runnerFunc is a test run.
type runnerFunc func() int

func (f runnerFunc) Run() int { return f() }

// kept holds on to descriptors, so that the collector does not close them.
var kept []*os.File

var cases = map[string]struct {
	run      runnerFunc
	patience time.Duration
	code     int
	output   string
}{
	"clean":      {runClean, patience, 0, ""},
	"failing":    {func() int { return 3 }, patience, 3, ""},
	"goroutine":  {runGoroutine, time.Millisecond, 1, "leak: goroutine "},
	"descriptor": {runDescriptor, time.Millisecond, 1, "leak: descriptor "},
	"slow":       {runSlow, patience, 0, ""},
}

func TestMain(m *testing.M) {
	if c, ok := cases[os.Getenv(childEnv)]; ok {
		os.Exit(run(c.run, os.Stderr, c.patience))
	}
	Main(m)
}

func runClean() int {
	done := make(chan bool)
	go close(done)
	<-done
	f, err := os.Open(os.Args[0])
	if err != nil {
		return 2
	}
	f.Close()
	return 0
}

func runGoroutine() int {
	started := make(chan bool)
	go func() {
		close(started)
		select {}
	}()
	<-started
	return 0
}

func runDescriptor() int {
	f, err := os.Open(os.Args[0])
	if err != nil {
		return 2
	}
	kept = append(kept, f)
	return 0
}

// runSlow leaves a goroutine that ends by itself a little later.
func runSlow() int {
	go func() {
		for range 1000 {
			runtime.Gosched()
		}
	}()
	return 0
}

func TestVerdictOfChild(t *testing.T) {
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if name == "descriptor" && descriptors() == nil {
				t.Skip("this system does not list descriptors")
			}
			code, out := runChild(t, name)
			if code != c.code || !strings.Contains(out, c.output) {
				t.Fatalf("exit code %d, want %d; output must contain %q:\n%s", code, c.code, c.output, out)
			}
			if c.output == "" && strings.Contains(out, "leak:") {
				t.Fatalf("reports a leak where there is none:\n%s", out)
			}
		})
	}
}

func runChild(t *testing.T, name string) (code int, out string) {
	t.Helper()
	emulator.SkipChildren(t)
	var b bytes.Buffer
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+name)
	cmd.Stdout, cmd.Stderr = &b, &b
	err := cmd.Run()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), b.String()
}

func TestParseStacks(t *testing.T) {
	got := parseStacks("goroutine 1 [running]:\nmain.main()\n\ta.go:1\n\ngoroutine 18 gp=0xc0 m=nil [select]:\nmain.f()\n")
	if len(got) != 2 || !strings.Contains(got["goroutine 1"], "main.main") || !strings.Contains(got["goroutine 18"], "main.f") {
		t.Fatalf("got %q", got)
	}
}

func TestNews(t *testing.T) {
	before := map[string]string{"1": "a", "2": "b"}
	now := map[string]string{"1": "moved on", "3": "c", "4": ""}
	if got := news(before, now); !slices.Equal(got, []string{"3 c", "4 "}) {
		t.Errorf("got %q", got)
	}
}
