package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/pprof"
)

// Spec orders one sample from a fresh process, as one JSON argument.
type Spec struct {
	Scenario  string `json:"scenario"`
	Side      string `json:"side"`
	Role      Role   `json:"role,omitempty"`
	Params    Params `json:"params"`
	Seed      uint64 `json:"seed"`
	ClientCPU int    `json:"client_cpu"` // processor of a second thread or process; -1: any
	ServerCPU int    `json:"server_cpu"` // of the server of a scenario of connections; -1: any

	// Server is the command of that server, but for its last three arguments.
	Server     []string `json:"server,omitempty"`
	CPUProfile string   `json:"cpu_profile,omitempty"`
}

// Role tells a side's two processes apart.
type Role string

const (
	// Measured is the process that the sample is about.
	Measured Role = ""
	// Helper is the one at the other end, on another processor.
	Helper Role = "helper"
)

// Sample is a process's answer: one JSON object on its standard output.
type Sample struct {
	Metrics Metrics `json:"metrics"`
}

// Task is what a side is given to run.
type Task struct {
	Spec
}

// Param returns the size of that name; an unknown name is a bug in the scenario.
func (t Task) Param(name string) int64 {
	v, ok := t.Params[name]
	if !ok {
		panic("bench: scenario " + t.Scenario + " has no parameter " + name)
	}
	return v
}

// StartHelper starts this program once more in the Helper role, on the client's
// processor, with file as its descriptor 3. Its answer comes from HelperProcess.Answer.
func (t Task) StartHelper(ctx context.Context, file *os.File) (*HelperProcess, error) {
	spec := t.Spec
	spec.Role, spec.CPUProfile = Helper, ""
	arg, err := json.Marshal(spec)
	if err != nil {
		return nil, err
	}
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	h := &HelperProcess{cmd: exec.CommandContext(ctx, exe, append(os.Args[1:len(os.Args)-1:len(os.Args)-1], string(arg))...)}
	h.cmd.Stdout, h.cmd.Stderr = &h.out, &h.log
	h.cmd.ExtraFiles = []*os.File{file}
	h.cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	return h, startOn(h.cmd, cpuList(t.ClientCPU))
}

// HelperProcess is the second process of a sample.
type HelperProcess struct {
	cmd      *exec.Cmd
	out, log capture
}

// Answer waits for the process to end and returns its metrics.
func (h *HelperProcess) Answer() (Metrics, error) {
	if err := h.cmd.Wait(); err != nil {
		return nil, fmt.Errorf("helper process: %w: %s", err, h.log.tail())
	}
	var s Sample
	if err := json.Unmarshal(h.out.Bytes(), &s); err != nil {
		return nil, fmt.Errorf("helper process: %w", err)
	}
	return s.Metrics, nil
}

// RunSample is the whole life of a sample process: it decodes the spec, runs
// that side of that scenario of Scenarios() and writes the Sample to out.
func RunSample(ctx context.Context, spec string, out io.Writer) error {
	return runSample(ctx, Scenarios(), spec, out)
}

func runSample(ctx context.Context, suite []Scenario, spec string, out io.Writer) error {
	var task Task
	if err := json.Unmarshal([]byte(spec), &task.Spec); err != nil {
		return fmt.Errorf("bench: sample spec: %w", err)
	}
	run, err := lookup(suite, task.Spec)
	if err != nil {
		return err
	}
	own := task.CPUProfile
	if task.Server != nil {
		own = "" // the server is who is profiled
	}
	stop, err := startProfile(own)
	if err != nil {
		return err
	}
	metrics, err := run(ctx, task)
	if err = errors.Join(err, stop()); err != nil {
		return fmt.Errorf("bench: %s, side %s: %w", task.Scenario, task.Side, err)
	}
	return json.NewEncoder(out).Encode(Sample{Metrics: metrics})
}

// ErrNoSample wraps requests for scenarios or sides that do not exist here.
var ErrNoSample = errors.New("no such sample")

func lookup(suite []Scenario, spec Spec) (func(context.Context, Task) (Metrics, error), error) {
	for i := range suite {
		if suite[i].Name != spec.Scenario {
			continue
		}
		if spec.Role == Helper {
			if suite[i].Helper == nil {
				break
			}
			return suite[i].Helper, nil
		}
		if side, ok := suite[i].side(spec.Side); ok && side.Run != nil {
			return side.Run, nil
		}
	}
	return nil, fmt.Errorf("bench: %w: scenario %q, side %q", ErrNoSample, spec.Scenario, spec.Side)
}

// startProfile begins a CPU profile into path; an empty path profiles nothing.
func startProfile(path string) (stop func() error, err error) {
	if path == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return f.Close()
	}, nil
}

// mallocs is the number of heap objects made so far. It stops the world: call
// it outside the measured time.
func mallocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}
