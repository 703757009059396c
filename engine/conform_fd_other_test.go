//go:build unix && !linux

package engine_test

import (
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// dup puts the description of fd behind the number to.
func dup(fd, to int) error { return syscall.Dup2(fd, to) }

// testRegularFile has nothing to test: poll(2) takes regular files.
func testRegularFile(*testing.T, *engine.Loop) {}
