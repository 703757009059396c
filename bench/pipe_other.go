//go:build !linux

package bench

var pipeFloor = missing("floor", Floor, needsLinux)
