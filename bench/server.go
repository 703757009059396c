package bench

import (
	"context"
	"os"
	"path/filepath"

	"github.com/shardloop/shardloop/bench/servers"
)

// Server is the server that a side of a scenario of connections measures: a
// process that keeps the contract of package servers. The sample process starts
// it, drives it and reads its clocks.
type Server struct {
	Program       Program
	Library       string // what of the program
	Role, Network string
}

// Program is whose servers they are.
type Program uint8

const (
	// Itself is this program, started again with Config.Serve.
	Itself Program = iota
	// Peers is the program of the nested module bench/peers.
	Peers
	// Python is an interpreter with an embedded script.
	Python
)

// Peers is a file that is built apart, because its libraries are no dependencies
// of this module.
const (
	peersVariable = "LOOPBENCH_PEERS"
	peersFile     = "out/peers"
)

// serverScript is the embedded script of Python's servers.
const serverScript = "servers"

func (s *Server) script() *Script {
	return &Script{Name: serverScript, UVLoop: s.Library == "uvloop"}
}

// server is the command of s without its role, network and address, or why there
// is none.
func (l *launcher) server(ctx context.Context, s *Server) (command []string, why string) {
	switch s.Program {
	case Peers:
		file, err := peersPath()
		if err != nil {
			return nil, "build it by make peers"
		}
		return []string{file, s.Library}, ""
	case Python:
		interpreter := l.python.find(ctx, s.script())
		if interpreter == "" {
			return nil, s.script().missing()
		}
		return []string{interpreter, "-c", read(serverScript), s.Library}, ""
	default:
		return append(l.serve[:len(l.serve):len(l.serve)], s.Library), ""
	}
}

// peersPath is where the peers are, if they are.
func peersPath() (string, error) {
	file := os.Getenv(peersVariable)
	if file == "" {
		file = filepath.FromSlash(peersFile)
	}
	if _, err := os.Stat(file); err != nil {
		return "", err
	}
	return filepath.Abs(file)
}

// driver drives a server, from the sample process.
type driver func(Task, *served) (Metrics, error)

// connected is the sides of a scenario of connections, in the order of names.
func connected(drive driver, role, network string, names ...string) []Side {
	var out []Side
	for _, name := range names {
		out = append(out, connectedSide(drive, Server{Library: name, Role: role, Network: network}))
	}
	return out
}

func connectedSide(drive driver, s Server) Side {
	side := Side{Name: s.Library, Kind: Peer, Server: &s}
	switch s.Library {
	case "engine":
		side.Kind = Engine
	case "floor", "floor-yields":
		side.Kind = Floor
	case "gnet", "nbio":
		s.Program = Peers
	case "asyncio", "uvloop":
		s.Program = Python
	}
	if s.Program == Itself && servers.Libraries()[s.Library][s.Role] == nil {
		return missing(side.Name, side.Kind, "does not compile for this system")
	}
	if side.Missing = needsOutside; side.Missing != "" {
		return missing(side.Name, side.Kind, side.Missing)
	}
	side.Run = func(ctx context.Context, t Task) (Metrics, error) { return drivenBy(ctx, t, &s, drive) }
	return side
}
