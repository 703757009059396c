package servers

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
)

// Server serves in one role until ctx ends. It calls ready with its address once
// it listens.
type Server func(ctx context.Context, network, address string, ready func(address string)) error

// Library is the servers of a library, by role.
type Library map[string]Server

// Merge puts libraries together, the servers of one and the same library too.
func Merge(all ...map[string]Library) map[string]Library {
	merged := map[string]Library{}
	for _, libraries := range all {
		for name, library := range libraries {
			if merged[name] == nil {
				merged[name] = Library{}
			}
			maps.Copy(merged[name], library)
		}
	}
	return merged
}

// ErrUnknown is a library or a role that is not there.
var ErrUnknown = errors.New("unknown server")

// ProfileVariable names the file of the environment that a server writes a
// profile of its processor time to.
const ProfileVariable = "LOOPBENCH_CPUPROFILE"

// Serve keeps the contract for a program with several libraries, whose first
// argument is the library.
func Serve(ctx context.Context, libraries map[string]Library, args []string, in io.Reader, out io.Writer) error {
	if len(args) != 4 {
		return fmt.Errorf("%w: want LIBRARY ROLE NETWORK ADDRESS", ErrUnknown)
	}
	server := libraries[args[0]][args[1]]
	if server == nil {
		return fmt.Errorf("%w: library %q, role %q; there are %s", ErrUnknown, args[0], args[1], names(libraries))
	}
	stopProfile, err := profile(os.Getenv(ProfileVariable))
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		obey(in, out)
		stop()
	}()
	err = server(ctx, args[2], args[3], func(address string) { fmt.Fprintln(out, "ready", address) })
	return errors.Join(err, stopProfile())
}

// names lists what there is.
func names(libraries map[string]Library) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(libraries)) {
		for _, role := range slices.Sorted(maps.Keys(libraries[name])) {
			all = append(all, name+" "+role)
		}
	}
	return strings.Join(all, ", ")
}

// Report is what a server tells of itself.
type Report struct {
	Heap    uint64 `json:"heap"`    // bytes in use
	Mallocs uint64 `json:"mallocs"` // objects made so far

	// System calls so far that move bytes, of a library that makes them where the
	// kernel does not count.
	Reads  uint64 `json:"reads,omitempty"`
	Writes uint64 `json:"writes,omitempty"`
}

func report() Report {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	r := Report{Heap: m.HeapInuse, Mallocs: m.Mallocs}
	r.Reads, r.Writes = counted()
	return r
}

// obey answers each line until in ends.
func obey(in io.Reader, out io.Writer) {
	for lines := bufio.NewScanner(in); lines.Scan(); {
		switch lines.Text() {
		case "report":
			runtime.GC()
			runtime.GC() // what finalizers and pools still held
			fallthrough
		case "count":
			text, _ := json.Marshal(report()) // numbers
			fmt.Fprintf(out, "%s %s\n", lines.Text(), text)
		}
	}
}

// profile begins a profile into path; an empty path profiles nothing.
func profile(path string) (stop func() error, err error) {
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
