// Package sock has sockets as descriptors, and their addresses. It knows no loop:
// what it opens does not block and is closed in programs that are started, and
// what would have to wait is said to the caller, who has a poller.
//
// sock.go holds the contract; files that are named for a platform fulfil it.
// Where there are no sockets that a loop could watch, every call fails with an
// error that is errors.ErrUnsupported.
package sock
