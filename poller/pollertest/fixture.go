// Package pollertest holds the tests that every poller passes, whatever its
// kernel: they prove the contract of package poller sentence by sentence.
package pollertest

import (
	"testing"

	"github.com/shardloop/shardloop/poller"
)

// Fixture is a poller under test together with the system that it watches.
// Its methods end the test when the system refuses, and what a test leaves
// open is closed by the fixture's own clean-up.
type Fixture interface {
	// New makes a poller that the caller closes.
	New() poller.Poller

	// Pair makes two connected, non-blocking stream ends.
	Pair() (a, b int)

	// Write offers n bytes and tells how many were taken; 0 is a full buffer.
	Write(fd, n int) int

	// Read takes up to n bytes: how many, 0 at the end of the stream, or
	// WouldBlock.
	Read(fd, n int) int

	// Shutdown ends the sending direction of fd.
	Shutdown(fd int)

	// Dup makes a second descriptor of what fd names.
	Dup(fd int) int

	// Close closes fd.
	Close(fd int)

	// File makes a descriptor of a regular file.
	File() int

	// Lacks is the conditions that this kernel does not tell.
	Lacks() poller.Ready
}

// WouldBlock is what Read answers when there is nothing to read yet.
const WouldBlock = -1

// Open makes a fixture for one test.
type Open func(testing.TB) Fixture
