//go:build !linux

package bench

var pingpongFloor = missing("floor", Floor, needsLinux)
