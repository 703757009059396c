package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shardloop/shardloop/bench/servers"
)

// served is a server under load: a child of the sample process.
type served struct {
	network, address string
	counts           bool // its own calls, which the kernel does not

	cmd   *exec.Cmd
	in    io.WriteCloser
	lines *bufio.Reader
	log   capture
}

// drivenBy starts the server, has it driven, and sees that it ends as it should.
func drivenBy(ctx context.Context, t Task, s *Server, drive driver) (Metrics, error) {
	dir, err := os.MkdirTemp("", "loopbench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	address := "127.0.0.1:0"
	if s.Network == "unix" {
		address = filepath.Join(dir, "server")
	}
	p, err := startServer(ctx, t, s.Role, s.Network, address)
	if err != nil {
		return nil, err
	}
	p.counts = slices.Contains(countsItself, s.Library)
	m, err := drive(t, p)
	for _, metric := range uncounted[s.Library] {
		delete(m, metric)
	}
	return m, errors.Join(err, p.stop())
}

// serverPatience is how long a server may take to end; it then is killed.
const serverPatience = 10 * time.Second

// startServer starts the command of the task on the server's processor, and
// returns when it listens.
func startServer(ctx context.Context, t Task, role, network, address string) (*served, error) {
	arguments := append(t.Server[1:len(t.Server):len(t.Server)], role, network, address)
	s := &served{network: network, cmd: exec.CommandContext(ctx, t.Server[0], arguments...)}
	s.cmd.Stderr = &s.log
	s.cmd.Env = append(os.Environ(), "GOMAXPROCS="+strconv.Itoa(runtime.GOMAXPROCS(0)), servers.ProfileVariable+"="+t.CPUProfile)
	s.cmd.WaitDelay = serverPatience
	var err error
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.lines = bufio.NewReader(out)
	if err := startOn(s.cmd, cpuList(t.ServerCPU)); err != nil {
		return nil, err
	}
	if s.address, err = s.line("ready "); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

// line reads the line that begins with the prefix, and returns the rest of it.
func (s *served) line(prefix string) (string, error) {
	text, err := s.lines.ReadString('\n')
	rest, ok := strings.CutPrefix(strings.TrimSuffix(text, "\n"), prefix)
	if err != nil || !ok {
		return "", errors.Join(fmt.Errorf("the server said %q instead of %q", text, prefix), err)
	}
	return rest, nil
}

// ask asks the server for its heap: "report" after garbage collections, "count"
// as it is.
func (s *served) ask(word string) (servers.Report, error) {
	var r servers.Report
	if _, err := io.WriteString(s.in, word+"\n"); err != nil {
		return r, err
	}
	text, err := s.line(word + " ")
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal([]byte(text), &r)
}

// stop ends the server's input, and is an error unless it ends without one.
func (s *served) stop() error {
	kill := time.AfterFunc(serverPatience, func() { _ = s.cmd.Process.Kill() })
	defer kill.Stop()
	err := s.in.Close()
	_, readErr := io.Copy(io.Discard, s.lines)
	if err = errors.Join(err, readErr, s.cmd.Wait()); err != nil {
		return fmt.Errorf("server process: %w: %s", err, s.log.tail())
	}
	return nil
}

// usage is what a server has used, and what its client has.
type usage struct {
	start         time.Time
	wall          time.Duration
	server        time.Duration // processor time
	client        time.Duration
	writes, reads int64 // system calls of the server
}

// begin reads the counters and the clocks.
func (s *served) begin() (usage, error) {
	writes, reads, err := s.calls()
	if err != nil {
		return usage{}, err
	}
	u, err := s.outside()
	u.writes, u.reads = writes, reads
	u.start = time.Now()
	return u, err
}

// end is what was used since u was begun.
func (s *served) end(u usage) (usage, error) {
	wall := time.Since(u.start)
	now, err := s.outside()
	if err != nil {
		return u, err
	}
	writes, reads, err := s.calls()
	return usage{
		wall:   wall,
		server: now.server - u.server,
		client: now.client - u.client,
		writes: writes - u.writes,
		reads:  reads - u.reads,
	}, err
}

// measure is what was used while work ran.
func (s *served) measure(work func() error) (usage, error) {
	u, err := s.begin()
	if err != nil {
		return u, err
	}
	if err := work(); err != nil {
		return u, err
	}
	return s.end(u)
}

// outside reads the clocks of both processes.
func (s *served) outside() (u usage, err error) {
	var errs [2]error
	u.server, errs[0] = cpuOf(s.cmd.Process.Pid)
	u.client, errs[1] = cpuTime()
	return u, errors.Join(errs[:]...)
}

// calls are the server's system calls that move bytes, as the kernel counts them,
// or the server itself.
func (s *served) calls() (writes, reads int64, err error) {
	if !s.counts {
		return systemCalls(s.cmd.Process.Pid)
	}
	r, err := s.ask("count")
	return int64(r.Writes), int64(r.Reads), err
}

// countsItself are the libraries whose servers tell in their reports what the
// kernel does not count: calls of the families of send and receive.
var countsItself = []string{"engine"}

// uncounted are the metrics that a library has no figures for: calls that nobody
// counts, and a heap that does not tell its size.
var uncounted = map[string][]string{
	"netpoll": {"writes"},
	"asyncio": {"writes", "reads", "heap"},
	"uvloop":  {"heap"},
}

// per is the cost of one of n operations.
func (u *usage) per(n int64) Metrics {
	each := func(v float64) float64 { return v / float64(n) }
	return Metrics{
		"cpu":    each(float64(u.server.Nanoseconds()) / 1e3),
		"time":   each(float64(u.wall.Nanoseconds()) / 1e3),
		"writes": each(float64(u.writes)),
		"reads":  each(float64(u.reads)),
		"client": 100 * float64(u.client) / float64(u.wall),
	}
}
