//go:build !linux

package bench

var latenessFloor = missing("floor", Floor, needsLinux)
