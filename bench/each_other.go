//go:build !linux

package bench

func bellEachSide() Side { return missing("floor", Floor, needsLinux) }
