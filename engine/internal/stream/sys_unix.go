//go:build unix && !linux

package stream

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// sysRead reads what there is; EAGAIN for nothing.
func sysRead(fd int, p []byte) (int, error) {
	n, err := syscall.Read(fd, p)
	return max(n, 0), err
}

// message is the room for what the kernel is asked to receive.
type message struct{}

// sysReceive is sysRead: the pollers of these systems ask again after each read.
func sysReceive(fd int, p []byte, _ *message) (n int, stopped bool, err error) {
	n, err = sysRead(fd, p)
	return n, false, err
}

// vector is the room for the pieces of one writev.
type vector struct{}

// sysWrite writes as much as there is room for; EAGAIN for none.
func sysWrite(fd int, p []byte) (int, error) {
	n, err := syscall.Write(fd, p)
	return max(n, 0), err
}

// sysWritev is sysWrite for the first of several pieces.
func sysWritev(fd int, pieces [][]byte, _ *vector) (int, error) { return sysWrite(fd, pieces[0]) }

func sysShutdown(fd int) error { return unix.Shutdown(fd, unix.SHUT_WR) }

func sysClose(fd int) { _ = syscall.Close(fd) }

// sysUnsent has no portable question to ask.
func sysUnsent(int) bool { return false }
