package bench

import (
	"context"
	"embed"
	"os"
	"os/exec"
)

//go:embed python/*.py
var scripts embed.FS

// Script is a sample written for a Python interpreter: one embedded program per
// topic, run with asyncio's own loop or with uvloop's.
type Script struct {
	Name   string // python/NAME.py
	UVLoop bool
}

// module is what an interpreter must be able to import.
func (s *Script) module() string {
	if s.UVLoop {
		return "uvloop"
	}
	return "asyncio"
}

// missing is why it cannot run where no interpreter imports what it needs.
func (s *Script) missing() string {
	return "no Python that can import " + s.module() + " (set " + pythonVariable + " to one)"
}

// pythonVariable names the interpreter to prefer.
const pythonVariable = "LOOPBENCH_PYTHON"

// pythons are the interpreters that can import what a script needs, by module;
// "" where there is none.
type pythons map[string]string

// find asks each candidate once: the one that the user names, the first of
// PATH, and the system's own, whose packages a version manager hides.
func (p pythons) find(ctx context.Context, s *Script) string {
	module := s.module()
	if name, known := p[module]; known {
		return name
	}
	p[module] = ""
	for _, name := range []string{os.Getenv(pythonVariable), "python3", "/usr/bin/python3"} {
		if name != "" && exec.CommandContext(ctx, name, "-c", "import "+module).Run() == nil {
			p[module] = name
			break
		}
	}
	return p[module]
}

// command runs s with the spec as its argument. The parts every script shares
// stand before it.
func (p pythons) command(ctx context.Context, s *Script, spec string) *exec.Cmd {
	program := read("common") + read(s.Name)
	return exec.CommandContext(ctx, p[s.module()], "-c", program, s.module(), spec)
}

func read(name string) string {
	text, err := scripts.ReadFile("python/" + name + ".py")
	if err != nil {
		panic("bench: " + err.Error()) // embedded at build time
	}
	return string(text)
}

// asyncio and uvloop are the two sides that a script makes.
func pythonPeers(name string) []Side {
	return []Side{
		{Name: "asyncio", Kind: Peer, Script: &Script{Name: name}},
		{Name: "uvloop", Kind: Peer, Script: &Script{Name: name, UVLoop: true}},
	}
}
