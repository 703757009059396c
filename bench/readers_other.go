//go:build !linux

package bench

func readerSides() []Side {
	return []Side{missing("engine", Engine, needsLinux), missing("floor", Floor, needsLinux)}
}
