package bench

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// An error of the client, or a server that does not keep the contract, is the
// sample's.
func TestServerKeepsTheContract(t *testing.T) {
	shell := func(script string) []string { return []string{"/bin/sh", "-c", script} }
	for _, c := range []struct {
		name   string
		server []string
		want   string
	}{
		{"keeps it", shell("echo ready $2; cat"), ""},
		{"is not there", []string{"no/such/program"}, "no such file"},
		{"says something else", shell("echo hello; cat"), `"hello\n" instead of "ready "`},
		{"says nothing", shell("true"), `"" instead of "ready "`},
		{"fails at the end", shell("echo ready; cat; echo the reason >&2; exit 1"), "exit status 1: the reason"},
	} {
		m, err := drivenBy(t.Context(), Task{Spec{Server: c.server, ServerCPU: -1}}, &Server{Role: "role", Network: "tcp"},
			func(_ Task, s *served) (Metrics, error) { return Metrics{"time": 1}, nil })
		if err == nil && c.want == "" && m["time"] == 1 {
			continue
		}
		if err == nil || c.want == "" || !strings.Contains(err.Error(), c.want) {
			t.Errorf("a server that %s: %v, %v", c.name, m, err)
		}
	}
}

// A server has as many processors as its sample.
func TestServerHasTheProcessorsOfItsSample(t *testing.T) {
	server := []string{"/bin/sh", "-c", "echo ready $GOMAXPROCS; cat"}
	was := runtime.GOMAXPROCS(3)
	defer runtime.GOMAXPROCS(was)
	_, err := drivenBy(t.Context(), Task{Spec{Server: server, ServerCPU: -1}}, &Server{Role: "role", Network: "tcp"},
		func(_ Task, s *served) (Metrics, error) {
			if s.address != "3" {
				t.Errorf("GOMAXPROCS is %s, want 3", s.address)
			}
			return nil, nil
		})
	if err != nil {
		t.Error(err)
	}
}

// The server is over when its client has failed.
func TestServerEndsWithItsClient(t *testing.T) {
	failure := errors.New("the client's")
	for _, side := range connected(driveEcho, "echo", "tcp", everySide...) {
		l := testLauncher(t)
		if side.Server == nil {
			continue
		}
		command, why := l.server(t.Context(), side.Server)
		if why != "" {
			continue
		}
		var server *served
		_, err := drivenBy(t.Context(), Task{Spec{Server: command, ServerCPU: -1}}, side.Server,
			func(_ Task, s *served) (Metrics, error) { server = s; return nil, failure })
		if !errors.Is(err, failure) || strings.Contains(err.Error(), "server process") {
			t.Errorf("side %s: %v", side.Name, err)
		}
		if server.cmd.ProcessState.ExitCode() != 0 {
			t.Errorf("side %s: %v", side.Name, server.cmd.ProcessState)
		}
	}
}

// A profile of a scenario with a server is one of the server.
func TestProfileIsTheServers(t *testing.T) {
	sc := tiny(acceptScenarios())[0]
	sc.Params["opened"] = 300
	err := Profiles(t.Context(), testConfig(t, sc), func(p Profile) {
		for _, h := range p.Hottest {
			if strings.Contains(h.Function, "bench/load.") {
				t.Errorf("the client was profiled: %s", h.Function)
			}
		}
	})
	if err != nil {
		t.Error(err)
	}
}

func testLauncher(t *testing.T) *launcher {
	t.Helper()
	return &launcher{serve: testConfig(t).Serve, python: pythons{}}
}

// A side of a program that is not built is missing.
func TestPeersAreBuiltApart(t *testing.T) {
	t.Setenv(peersVariable, "no/such/file")
	_, why := testLauncher(t).server(t.Context(), &Server{Program: Peers, Library: "gnet"})
	if why != "build it by make peers" {
		t.Errorf("missing for %q", why)
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

// The kernel counts the calls and the memory of a process.
func TestCountersOfProcess(t *testing.T) {
	before, _, err := systemCalls(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	for range 100 {
		null.Write([]byte("x"))
	}
	after, _, err := systemCalls(os.Getpid())
	if err != nil || after-before < 100 {
		t.Errorf("%d calls of 100: %v", after-before, err)
	}
	if n, err := resident(os.Getpid()); err != nil || n < 1<<20 {
		t.Errorf("%d bytes are resident: %v", n, err)
	}
	if _, err := procNumber("/proc/self/status", "NoSuchWord:"); err == nil {
		t.Error("a word that is not there has a number")
	}
}
