//go:build !linux

package bench

var polledPulls = missing("floor", Floor, needsLinux)
