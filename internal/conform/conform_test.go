package conform

import (
	"fmt"
	"strings"
	"testing"
)

// fake is a test that only notes what it is told.
type fake struct {
	testing.TB
	name   string
	errors []string
	logs   []string
}

func (f *fake) Helper()         {}
func (f *fake) Name() string    { return f.name }
func (f *fake) Log(args ...any) { f.logs = append(f.logs, fmt.Sprint(args...)) }
func (f *fake) Errorf(format string, args ...any) {
	f.errors = append(f.errors, fmt.Sprintf(format, args...))
}

func TestProves(t *testing.T) {
	for _, c := range []struct {
		name, id, complaint string
	}{
		{"TestA/SCHED-01", "SCHED-01", ""},
		{"TestA/epoll/SCHED-02", "SCHED-02", ""},
		{"TestA/SCHED-01", "SCHED-01", ""},
		{"TestB/SCHED-01", "SCHED-02", "subtest of that name"},
		{"TestB/SCHED-01#01", "SCHED-01", "subtest of that name"},
		{"SCHED-01", "SCHED-01", "subtest of that name"},
		{"TestB/XSCHED-01", "SCHED-01", "subtest of that name"},
		{"TestB/SCHED-99", "SCHED-99", "not in behaviours.tsv"},
		{"TestB/OBT-15", "OBT-15", "no meaning in Go"},
		{"TestA/SCHED-03", "SCHED-03", ""},
		{"TestA/SCHED-04", "SCHED-04", "fourth of TestA"},
		{"TestA/deeper/SCHED-05", "SCHED-05", "fourth of TestA"},
		{"TestA/simpoll/SCHED-03", "SCHED-03", ""},
		{"TestC/SCHED-04", "SCHED-04", ""},
	} {
		f := &fake{name: "TestProvesOf" + c.name}
		Proves(f, c.id)
		if c.complaint == "" {
			if len(f.errors) != 0 || len(f.logs) != 1 || f.logs[0] != Mark+c.id {
				t.Errorf("%s, %s: errors %q, logs %q", c.name, c.id, f.errors, f.logs)
			}
			continue
		}
		want := strings.Replace(c.complaint, "Test", "TestProvesOfTest", 1)
		if len(f.errors) != 1 || !strings.Contains(f.errors[0], want) || len(f.logs) != 0 {
			t.Errorf("%s, %s: errors %q, logs %q, want %q", c.name, c.id, f.errors, f.logs, want)
		}
	}
}
