package bench

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// Environment is what results depend on: two raw files may be compared when
// everything but Date, Commit and Seed agrees.
type Environment struct {
	CPU        string    `json:"cpu"`
	Cores      int       `json:"cores"` // that this process may use
	Kernel     string    `json:"kernel"`
	OS         string    `json:"os"`
	Arch       string    `json:"arch"`
	Go         string    `json:"go"`
	GOMAXPROCS int       `json:"gomaxprocs"` // of the parent; each scenario sets its own
	Commit     string    `json:"commit"`
	Dirty      bool      `json:"dirty"`
	Date       time.Time `json:"date"`
	Seed       uint64    `json:"seed"`
	Quick      bool      `json:"quick"`
	Pinned     bool      `json:"pinned"`
}

// String is one line for the head of a table.
func (e Environment) String() string {
	commit := e.Commit[:min(len(e.Commit), 12)]
	if e.Dirty {
		commit += "+changes"
	}
	return fmt.Sprintf("%s, %d cores, %s, %s, commit %s, %s, seed %d", e.CPU, e.Cores, e.Kernel, e.Go, commit,
		e.Date.Format(time.DateTime), e.Seed)
}

// unknown stands where the system does not tell: it never means that all is
// well.
const unknown = "unknown"

func environment(ctx context.Context) Environment {
	commit, dirty := revision(ctx)
	return Environment{
		CPU:        cpuModel(),
		Cores:      runtime.NumCPU(),
		Kernel:     kernel(),
		OS:         runtime.GOOS,
		Arch:       runtime.GOARCH,
		Go:         runtime.Version(),
		GOMAXPROCS: runtime.GOMAXPROCS(0),
		Commit:     commit,
		Dirty:      dirty,
		Date:       time.Now().UTC().Truncate(time.Second),
	}
}

// revision is the commit this program was built from: as the build recorded it,
// or, under `go run`, as the working directory's repository says.
func revision(ctx context.Context) (commit string, dirty bool) {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				commit = s.Value
			case "vcs.modified":
				dirty = s.Value == "true"
			}
		}
	}
	if commit != "" {
		return commit, dirty
	}
	head, err := exec.CommandContext(ctx, "git", "rev-parse", "HEAD").Output()
	if err != nil {
		return unknown, false
	}
	changes, err := exec.CommandContext(ctx, "git", "status", "--porcelain", "--untracked-files=no",
		"--", ":/", ":(top,exclude)docs/perf/raw").Output() // a raw file is being written
	return strings.TrimSpace(string(head)), err != nil || len(changes) > 0
}
