//go:build !linux

package bench

var chainFloor = missing("floor", Floor, needsLinux)
