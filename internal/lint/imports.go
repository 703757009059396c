package lint

import (
	"slices"
	"strconv"
	"strings"
)

// floor says what the packages below a path may import. An import only ever
// points down, so a floor lists floors above it in this table and nothing else.
// A path stands for itself and for everything below it; the longest one counts.
type floor struct {
	path   string
	ours   []string // paths of this module; test files may import helpers too
	theirs []string // modules of others; "*" is any that go.mod has
	parent bool     // what lies below needs floors of its own
}

// transport is what the transports stand on.
var transport = []string{"internal/gid", "buffers", "poller", "engine/internal/reactor", "engine/internal/sock"}

// floors is the house of docs/architecture.md, from the ground up.
var floors = []floor{
	{path: "internal/gid"},
	{path: "internal/conform"},
	{path: "internal/emulator"},
	{path: "internal/leak"},
	{path: "internal/lint"},
	{path: "buffers", theirs: []string{"github.com/valyala/bytebufferpool"}},
	{path: "timerwheel"},
	{path: "poller", theirs: []string{"golang.org/x/sys"}},
	{path: "tls", ours: []string{"buffers"}},
	{path: "subproc", theirs: []string{"golang.org/x/sys"}},
	{path: "engine/internal/affinity", theirs: []string{"golang.org/x/sys"}},
	{path: "engine/internal/coro", ours: []string{"internal/gid"}},
	{
		path:   "engine/internal/reactor",
		ours:   []string{"internal/gid", "buffers", "timerwheel", "poller", "engine/internal/affinity"},
		theirs: []string{"golang.org/x/sys"},
	},
	{path: "engine/internal/sock", theirs: []string{"golang.org/x/sys"}},
	{path: "engine/internal/dgram", ours: transport, theirs: []string{"golang.org/x/sys"}},
	{path: "engine/internal/accept", ours: transport, theirs: []string{"golang.org/x/sys"}},
	{path: "engine/internal/stream", ours: append([]string{"tls"}, transport...), theirs: []string{"golang.org/x/sys"}},
	{path: "engine/internal", parent: true},
	{
		path:   "engine",
		ours:   []string{"internal/gid", "buffers", "timerwheel", "poller", "tls", "subproc", "engine"},
		theirs: []string{"golang.org/x/sys"},
	},
	{path: "bench/load", ours: []string{"bench/floor", "bench/servers"}, theirs: []string{"golang.org/x/sys"}},
	{path: "bench/peers", ours: []string{"bench/servers", "bench/loss"}, theirs: []string{"*"}},
	{path: "bench", ours: []string{"poller", "engine"}, theirs: []string{"*"}},
	{path: "bench/loss", ours: []string{"bench/servers"}, theirs: []string{"golang.org/x/sys"}},
	{path: "bench/loss/roles"},
	{path: "cmd/loopbench", ours: []string{"bench"}, theirs: []string{"*"}},
	{path: "examples", ours: []string{"buffers", "tls", "engine"}},
}

// helpers are imported by test files of every floor.
var helpers = []string{"internal/gid", "internal/conform", "internal/emulator", "internal/leak", "poller/simpoll"}

// netpollHome is the one package that may import netpoll.
const (
	netpoll     = "github.com/cloudwego/netpoll"
	netpollHome = "bench/netpoll"
)

// Imports holds the import rule: only what the floor of the file allows, and
// itself; netpoll in one package alone. A package without a floor is a finding.
func Imports(f *File) []Finding {
	if f.AST == nil || inTestdata(f.Path) {
		return nil
	}
	level, ok := floorOf(f.Dir())
	if !ok || level.parent {
		return []Finding{f.at(f.AST.Package, "%s has no floor: give it one in internal/lint/imports.go", f.Dir())}
	}
	var list []Finding
	for _, spec := range f.AST.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil || level.allows(imported, f) {
			continue
		}
		list = append(list, f.at(spec.Pos(), "%s must not import %s", f.Dir(), imported))
	}
	return list
}

// floorOf finds the longest path of the table that dir lies in.
func floorOf(dir string) (floor, bool) {
	best := floor{}
	for _, l := range floors {
		if within(dir, l.path) && len(l.path) > len(best.path) {
			best = l
		}
	}
	return best, best.path != ""
}

func (l floor) allows(imported string, f *File) bool {
	first, _, _ := strings.Cut(imported, "/")
	if !strings.Contains(first, ".") {
		return true // the standard library
	}
	inside := func(p string) bool { return within(imported, p) }
	if within(imported, netpoll) {
		return f.Dir() == netpollHome
	}
	if !within(imported, module) {
		return slices.Contains(l.theirs, "*") || slices.ContainsFunc(l.theirs, inside)
	}
	imported = strings.TrimPrefix(strings.TrimPrefix(imported, module), "/")
	if within(imported, l.path) || slices.ContainsFunc(l.ours, inside) {
		return true
	}
	return f.IsTest() && slices.ContainsFunc(helpers, inside)
}

// within tells whether the slash-separated path p is dir or lies below it.
func within(p, dir string) bool {
	return p == dir || strings.HasPrefix(p, dir+"/")
}

// inTestdata tells whether go ignores the file as a test's data.
func inTestdata(p string) bool {
	return strings.HasPrefix(p, "testdata/") || strings.Contains(p, "/testdata/")
}
