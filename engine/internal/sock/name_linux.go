package sock

import (
	"strings"

	"golang.org/x/sys/unix"
)

// maxName is the room for a name in the kernel's structure.
const maxName = len(unix.RawSockaddrUnix{}.Path)

// isAbstract tells whether the kernel keeps the name by itself, apart from files.
func isAbstract(name string) bool { return strings.HasPrefix(name, "\x00") }

// netName is a name as package net has it.
func netName(name string) string {
	if isAbstract(name) {
		return "@" + name[1:]
	}
	return name
}

// kernelName is a name of package net as the kernel has it.
func kernelName(name string) string {
	if strings.HasPrefix(name, "@") {
		return "\x00" + name[1:]
	}
	return name
}
