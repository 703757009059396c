package lint

import "testing"

func TestRawSyscalls(t *testing.T) {
	const (
		epoll  = "package p\nfunc f() { unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, 0) }\n"
		other  = "package p\nfunc f() { syscall.RawSyscall(syscall.SYS_READ, 0) }\n"
		value  = "package p\nvar f = unix.RawSyscall\n"
		number = "package p\nfunc f(n uintptr) { unix.RawSyscall(n, 0) }\n"
		cooked = "package p\nfunc f() { unix.Syscall(unix.SYS_READ, 0) }\n"
	)
	testRule(t, RawSyscalls, []ruleCase{
		{"allowed", "poller/sys_linux.go", epoll, 0},
		{"in another file", "poller/epoll_linux.go", epoll, 1},
		{"in another package", "engine/sys_linux.go", epoll, 1},
		{"in a test", "poller/sys_linux_test.go", epoll, 1},
		{"not in the table", "poller/sys_linux.go", other, 1},
		{"as a value", "poller/sys_linux.go", value, 1},
		{"by number", "poller/sys_linux.go", number, 1},
		{"not raw", "poller/epoll_linux.go", cooked, 0},
	})
}

func TestStaleRawCalls(t *testing.T) {
	if got := StaleRawCalls(nil); len(got) != len(rawCalls) {
		t.Errorf("of no files %d of %d entries are stale", len(got), len(rawCalls))
	}
}
