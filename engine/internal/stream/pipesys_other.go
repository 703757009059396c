//go:build !linux

package stream

// All calls are announced here.

func sysReadPipe(fd int, p []byte) (int, error) { return sysRead(fd, p) }

func sysWritePipe(fd int, p []byte) (int, error) { return sysWrite(fd, p) }

func sysWritevPipe(fd int, pieces [][]byte, v *vector) (int, error) { return sysWritev(fd, pieces, v) }
