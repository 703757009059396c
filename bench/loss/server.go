package loss

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/shardloop/shardloop/bench/loss/roles"
)

// server is a server process under way.
type server struct {
	cmd     *exec.Cmd
	in      io.Closer // its standard input, whose end ends it
	errs    head
	over    chan struct{} // closed when the process is
	address string

	lock  sync.Mutex
	lines []string
	news  chan struct{} // has room for one
}

// start runs command in a role and returns when it listens.
func start(ctx context.Context, command []string, sc *Scenario, size int, address string, patience time.Duration) (*server, error) {
	args := append(command[1:len(command):len(command)], sc.Role, sc.Network, address)
	s := &server{cmd: exec.Command(command[0], args...), over: make(chan struct{}), news: make(chan struct{}, 1)}
	s.cmd.Env = append(os.Environ(), roles.SizeVariable+"="+strconv.Itoa(size))
	s.cmd.Stderr = &s.errs
	in, err := s.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	s.in = in
	go s.listen(out)
	ready, err := s.line(ctx, "ready ", patience)
	if err != nil {
		s.stop(0)
		return nil, fmt.Errorf("%s: %w: %s", strings.Join(s.cmd.Args, " "), err, s.errs.String())
	}
	s.address = ready
	return s, nil
}

// listen keeps all lines until the process is over.
func (s *server) listen(out io.Reader) {
	for scan := bufio.NewScanner(out); scan.Scan(); {
		s.lock.Lock()
		s.lines = append(s.lines, scan.Text())
		s.lock.Unlock()
		select {
		case s.news <- struct{}{}:
		default:
		}
	}
	_ = s.cmd.Wait() // ProcessState tells
	close(s.over)
}

// line waits for the next line that begins with prefix, takes it, and returns
// what follows.
func (s *server) line(ctx context.Context, prefix string, patience time.Duration) (string, error) {
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for {
		if rest, ok := s.take(prefix); ok {
			return rest, nil
		}
		select {
		case <-s.news:
		case <-s.over:
			if rest, ok := s.take(prefix); ok {
				return rest, nil
			}
			return "", fmt.Errorf("no line %q: the server is over", prefix)
		case <-ctx.Done():
			return "", context.Cause(ctx)
		case <-limit.C:
			return "", fmt.Errorf("no line %q in %v", prefix, patience)
		}
	}
}

func (s *server) take(prefix string) (string, bool) {
	s.lock.Lock()
	defer s.lock.Unlock()
	for i, line := range s.lines {
		if rest, ok := strings.CutPrefix(line, prefix); ok {
			s.lines = append(s.lines[:i], s.lines[i+1:]...)
			return rest, true
		}
	}
	return "", false
}

// died tells how the process has ended by itself, "" while it runs.
func (s *server) died() string {
	select {
	case <-s.over:
		why := s.cmd.ProcessState.String()
		if last := s.errs.String(); last != "" {
			why += ": " + last
		}
		return why
	default:
		return ""
	}
}

// stop ends the process, which has grace to end by itself.
func (s *server) stop(grace time.Duration) {
	_ = s.in.Close() // a process that is over has closed it
	limit := time.NewTimer(grace)
	defer limit.Stop()
	select {
	case <-s.over:
	case <-limit.C:
		_ = s.cmd.Process.Kill()
		<-s.over
	}
}

func (s *server) pid() int { return s.cmd.Process.Pid }

// head keeps the first line of what went wrong: a trace follows it.
type head struct {
	lock sync.Mutex
	buf  bytes.Buffer
}

// Write never fails.
func (h *head) Write(p []byte) (int, error) {
	h.lock.Lock()
	defer h.lock.Unlock()
	if room := 4096 - h.buf.Len(); room > 0 {
		h.buf.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

// String is the first line.
func (h *head) String() string {
	h.lock.Lock()
	defer h.lock.Unlock()
	line, _, _ := strings.Cut(strings.TrimSpace(h.buf.String()), "\n")
	return line
}
