// Package emulator tells tests whether they run in a user-mode emulator.
//
// There no test starts a process: the kernel cannot run the test's own program,
// and between fork and exec an emulated child can wait for ever for a lock that
// a thread of its parent held.
package emulator

import (
	"os"
	"testing"
)

// Variable is set, to anything, by whoever runs tests in an emulator.
const Variable = "SHARDLOOP_EMULATED"

// Running reports whether the test is emulated.
func Running() bool { return os.Getenv(Variable) != "" }

// SkipChildren skips a test that starts processes.
func SkipChildren(t testing.TB) {
	t.Helper()
	if Running() {
		t.Skip("an emulated test starts no process")
	}
}
