//go:build unix && !linux

package engine_test

import "testing"

// abstractPaths: only Linux has names without a file.
func abstractPaths(*testing.T) []string { return nil }
