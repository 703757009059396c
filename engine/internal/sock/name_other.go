//go:build !linux

package sock

// Names are paths here, all of them.

func isAbstract(string) bool { return false }

func netName(name string) string { return name }

func kernelName(name string) string { return name }
