package loss

import (
	"debug/buildinfo"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/shardloop/shardloop/bench/servers"
)

// PeersVariable names the environment variable with the path of the program
// peers, which has the libraries that the main module does not depend on.
const PeersVariable = "LOOPBENCH_PEERS"

const engineModule = "github.com/shardloop/shardloop"

// Library is a column of the table. The engine has one for each way that its loops
// can be arranged; their names begin with the engine's.
type Library struct {
	Name    string
	Version string
	Command []string // what the role, the network and the address are appended to
	Missing string   // why it is not here, "" when it is
}

// Libraries are all columns. self is the command that speaks the contract of
// package servers for the libraries of the main module.
func Libraries(self []string) []Library {
	peers := peersProgram()
	return []Library{
		own(self, "engine", engineModule),
		own(self, "engine kernel-4", engineModule),
		own(self, "engine least-4", engineModule),
		own(self, "engine source-4", engineModule),
		own(self, "net", ""),
		own(self, "netpoll", "github.com/cloudwego/netpoll"),
		peer(peers, "gnet", "github.com/panjf2000/gnet/v2"),
		peer(peers, "nbio", "github.com/lesismal/nbio"),
	}
}

func (l *Library) isEngine() bool { return strings.HasPrefix(l.Name, "engine") }

func own(self []string, name, module string) Library {
	l := Library{Name: name, Version: version(self[0], module)}
	l.Command = append(self[:len(self):len(self)], name)
	if servers.Libraries()[name] == nil {
		l.Missing = "it does not compile for this system"
	}
	return l
}

func peer(program, name, module string) Library {
	l := Library{Name: name, Command: []string{program, name}}
	if _, err := os.Stat(program); err != nil {
		l.Missing = "there is no program " + program + ", which bench/peers builds"
		return l
	}
	l.Version = version(program, module)
	return l
}

func peersProgram() string {
	if path := os.Getenv(PeersVariable); path != "" {
		return path
	}
	return filepath.Join("out", "peers")
}

// version is that of a module in a program, of Go for package net, and the commit
// for the module of the program itself.
func version(program, module string) string {
	if module == "" {
		return strings.Replace(runtime.Version(), "go", "Go ", 1)
	}
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return "unknown"
	}
	for _, dep := range info.Deps {
		if dep.Path == module {
			return dep.Version
		}
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	commit := settings["vcs.revision"]
	if info.Main.Path != module || commit == "" {
		return "unknown"
	}
	commit = "commit " + commit[:min(12, len(commit))]
	if settings["vcs.modified"] == "true" {
		commit += "+changes"
	}
	return commit
}
