package lint

import (
	"fmt"
	"go/ast"
	"path"
	"slices"
	"strings"
)

// rawCall is a system call that a file may make behind the scheduler's back.
type rawCall struct{ file, name string }

// rawCalls is the allow table: every raw call, where it is and which. Such a
// call must not block: a goroutine inside one holds its processor, and a garbage
// collection waits for it.
var rawCalls = []rawCall{
	{"poller/sys_linux.go", "SYS_EPOLL_PWAIT"}, // zero timeout
	{"poller/sys_linux.go", "SYS_EPOLL_CTL"},
	{"poller/sys_linux.go", "SYS_TIMERFD_SETTIME"},
	{"engine/internal/stream/sys_linux.go", "SYS_RECVFROM"}, // with MSG_DONTWAIT
	{"engine/internal/stream/sys_linux.go", "SYS_RECVMSG"},  // of a non-blocking socket
	{"engine/internal/stream/sys_linux.go", "SYS_SENDTO"},   // with MSG_DONTWAIT
	{"engine/internal/stream/sys_linux.go", "SYS_SENDMSG"},  // with MSG_DONTWAIT
	{"engine/internal/stream/sys_linux.go", "SYS_SHUTDOWN"}, // queues a packet
	{"engine/internal/dgram/sys_linux.go", "SYS_RECVMMSG"},  // a socket that does not block
	{"engine/internal/dgram/sys_linux.go", "SYS_SENDMMSG"},
	{"engine/internal/sock/sys_linux.go", "SYS_ACCEPT4"},     // of a non-blocking socket
	{"engine/internal/sock/sys_linux.go", "SYS_RECVFROM"},    // with MSG_DONTWAIT
	{"engine/internal/sock/sys_linux.go", "SYS_SENDTO"},      // with MSG_DONTWAIT
	{"engine/internal/sock/sys_linux.go", "SYS_GETSOCKNAME"}, // copies an address
	{"engine/internal/sock/sys_linux.go", "SYS_GETPEERNAME"},
	{"engine/internal/sock/sys_linux.go", "SYS_SETSOCKOPT"}, // only what is a bit in the socket
	{"engine/internal/sock/sys_linux.go", "SYS_SHUTDOWN"},   // sends, and waits for nothing
	{"engine/internal/sock/sys_linux.go", "SYS_IOCTL"},      // SIOCINQ looks at a length
	{"bench/floor/sys_poll_linux.go", "SYS_EPOLL_PWAIT"},    // zero timeout
	{"bench/floor/sys_set_linux.go", "SYS_EPOLL_PWAIT"},     // zero timeout
	{"bench/floor/sys_io_linux.go", "SYS_READ"},             // from a non-blocking socket
	{"bench/floor/sys_io_linux.go", "SYS_WRITE"},            // to a non-blocking socket
	{"bench/floor/sys_datagrams_linux.go", "SYS_RECVMMSG"},  // with MSG_DONTWAIT
	{"bench/floor/sys_datagrams_linux.go", "SYS_SENDMMSG"},
}

// rawNames are the functions that enter the kernel without telling the
// scheduler.
var rawNames = []string{"RawSyscall", "RawSyscall6", "RawSyscallNoError", "RawVforkSyscall"}

// RawSyscalls wants raw system calls in files named sys_*.go, each in the allow
// table with its file.
func RawSyscalls(f *File) []Finding {
	var list []Finding
	for name, node := range f.rawCalls() {
		switch {
		case !strings.HasPrefix(path.Base(f.Path), "sys_") || f.IsTest():
			list = append(list, f.at(node.Pos(), "raw system call outside a sys_*.go file"))
		case !slices.Contains(rawCalls, rawCall{f.Path, name}):
			list = append(list, f.at(node.Pos(), "raw %s is not in the allow table of internal/lint/rawsyscall.go", name))
		}
	}
	return list
}

// StaleRawCalls finds entries of the allow table that nothing needs any more.
func StaleRawCalls(files []*File) []Finding {
	used := map[rawCall]bool{}
	for _, f := range files {
		for name := range f.rawCalls() {
			used[rawCall{f.Path, name}] = true
		}
	}
	var list []Finding
	for _, c := range rawCalls {
		if !used[c] {
			list = append(list, Finding{Path: c.file, Text: fmt.Sprintf("%s is in the allow table and not used", c.name)})
		}
	}
	return list
}

// rawCalls yields each raw call of the file and the name of its system call. A
// raw function that is used as a value, or whose first argument is not a SYS_
// constant, has the name "?".
func (f *File) rawCalls() func(yield func(string, ast.Node) bool) {
	return func(yield func(string, ast.Node) bool) {
		if f.AST == nil {
			return
		}
		named := map[ast.Node]string{}
		more := true
		ast.Inspect(f.AST, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if len(n.Args) > 0 {
					named[n.Fun] = constantName(n.Args[0])
				}
			case *ast.SelectorExpr:
				if more && slices.Contains(rawNames, n.Sel.Name) {
					more = yield(or(named[n], "?"), n)
				}
			}
			return more
		})
	}
}

func constantName(e ast.Expr) string {
	if s, ok := e.(*ast.SelectorExpr); ok && strings.HasPrefix(s.Sel.Name, "SYS_") {
		return s.Sel.Name
	}
	return ""
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
