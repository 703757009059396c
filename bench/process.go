package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// Placement says where a sample runs.
//
// The rule is one core with GOMAXPROCS 1 for the measured process and another
// core for whoever drives it. Scenarios that need goroutines to run beside the
// loop ask for AllCores with GOMAXPROCS 2 and say why.
type Placement struct {
	Procs int   // GOMAXPROCS of the sample process and of its server
	Cores Cores // the processors it may use
}

// Cores is the choice of processors.
type Cores uint8

const (
	// OneCore pins the sample to the first processor of this process.
	OneCore Cores = iota
	// AllCores pins nothing.
	AllCores
)

var (
	onOneCore  = Placement{Procs: 1, Cores: OneCore}
	onAllCores = Placement{Procs: 2, Cores: AllCores}
)

// sampleTimeout ends a sample that hangs; the longest takes about 15 s.
const sampleTimeout = 90 * time.Second

// ErrSample wraps every failure of a sample process.
var ErrSample = errors.New("sample failed")

// launcher starts sample processes.
type launcher struct {
	command []string // program and arguments before the spec
	serve   []string // and before the library of a server
	python  pythons
	cores   coreMap
}

// run takes one sample of side.
func (l *launcher) run(ctx context.Context, sc *Scenario, side Side, spec Spec) (Sample, error) {
	place := l.cores.pick(sc.Place.Cores)
	if side.Server != nil {
		place = cpuList(spec.ClientCPU)
		spec.Server, _ = l.server(ctx, side.Server) // plan has left out who has none
	}
	arg, err := json.Marshal(spec)
	if err != nil {
		return Sample{}, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, sampleTimeout, fmt.Errorf("no answer within %v", sampleTimeout))
	defer cancel()
	cmd := exec.CommandContext(ctx, l.command[0], append(l.command[1:len(l.command):len(l.command)], string(arg))...)
	if side.Script != nil {
		cmd = l.python.command(ctx, side.Script, string(arg))
	}
	var out, log capture
	cmd.Stdout, cmd.Stderr = &out, &log
	cmd.WaitDelay = 5 * time.Second // for a helper that holds the pipes of a killed sample
	cmd.Env = append(os.Environ(), "GOMAXPROCS="+strconv.Itoa(sc.Place.Procs))
	if err := startOn(cmd, place); err != nil {
		return Sample{}, fmt.Errorf("%w: %s, side %s: %w", ErrSample, spec.Scenario, spec.Side, err)
	}
	if err := cmd.Wait(); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx) // what killed it
		}
		return Sample{}, fmt.Errorf("%w: %s, side %s: %w: %s", ErrSample, spec.Scenario, spec.Side, err, log.tail())
	}
	var s Sample
	if err := json.Unmarshal(out.Bytes(), &s); err != nil {
		return Sample{}, fmt.Errorf("%w: %s, side %s: answer: %w", ErrSample, spec.Scenario, spec.Side, err)
	}
	return s, nil
}

// capture keeps what a process prints.
type capture struct{ bytes.Buffer }

// tail is the last words of a failed process: enough for an error message or
// the top of a stack.
func (c *capture) tail() string {
	const words = 600
	s := strings.TrimSpace(c.String())
	if len(s) > words {
		s = "…" + s[len(s)-words:]
	}
	return s
}

// cpuList is the list of one processor; nil when there is none to name.
func cpuList(cpu int) []int {
	if cpu < 0 {
		return nil
	}
	return []int{cpu}
}
