// Package roles has what the servers of the loss suite do with their
// connections, once for all libraries. A library brings a Serve, which gives the
// connections of a listener to handlers, and a Conn, whose methods are what its
// documentation tells users to call. So a difference between two libraries is
// never one between two servers.
package roles

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
)

// Conn is a connection of a library. Only Post may be called outside of the
// methods of its Handler.
type Conn interface {
	// Write sends p by the library's ordinary write. p is the caller's again when
	// it returns.
	Write(p []byte) error
	// Writev sends all pieces by the library's write of several.
	Writev(pieces [][]byte) error
	// Stream sends what next returns until that is nil, as fast as the back-pressure
	// of the library lets it. What next returns is valid until its next call.
	Stream(next func() []byte)
	// Post is Write for other goroutines.
	Post(p []byte) error
	// Close is the library's ordinary close.
	Close()
	// Abort is the close that asks for a reset, or the nearest to it.
	Abort()
}

// Handler is what a role does with one connection. Its methods are called one
// after the other.
type Handler interface {
	// Open is for the new connection.
	Open(c Conn)
	// Data brings bytes, which are valid until it returns.
	Data(c Conn, p []byte)
	// End tells that the peer sends no more, where the library knows that from the
	// end of the connection. The connection closes afterwards, when all was sent.
	End(c Conn)
	// Lost tells that the connection is gone, with what the library says about it.
	Lost(c Conn, err error)
}

// Serve gives the connections of a new listener to handlers of their own until
// ctx ends. It calls ready with the address that it has got.
type Serve func(ctx context.Context, network, address string, ready func(string), accept func() Handler) error

// Setup is what a role is told when its server starts.
type Setup struct {
	Size int                              // bytes of an answer
	Say  func(format string, args ...any) // prints a line to standard output
}

// Role starts what serves all connections and returns what makes a handler.
type Role func(ctx context.Context, s Setup) func() Handler

// All are the roles by name.
func All() map[string]Role {
	return map[string]Role{
		"loss-echo":   func(context.Context, Setup) func() Handler { return func() Handler { return echo{} } },
		"loss-reply":  answering(reply{closes: true}),
		"loss-write":  answering(reply{}),
		"loss-open":   answering(reply{atOpen: true}),
		"loss-writev": answering(reply{pieces: 4}),
		"loss-answer": answering(reply{atEnd: true, closes: true}),
		"loss-stream": answering(reply{stream: true}),
		"loss-count":  counting,
		"loss-abort":  aborting,
		"loss-churn":  churning,
	}
}

// SizeVariable is the environment variable with the Size of a Setup.
const SizeVariable = "LOOPBENCH_LOSS_SIZE"

// defaultSize is for servers that are started by hand.
const defaultSize = 16 << 20

// FromEnvironment is the Setup of a server process.
func FromEnvironment() (Setup, error) {
	var lock sync.Mutex
	s := Setup{Size: defaultSize, Say: func(format string, args ...any) {
		lock.Lock()
		defer lock.Unlock()
		fmt.Printf(format+"\n", args...)
	}}
	text := os.Getenv(SizeVariable)
	if text == "" {
		return s, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return s, fmt.Errorf("%s=%q: want a number of bytes", SizeVariable, text)
	}
	s.Size = n
	return s, nil
}
