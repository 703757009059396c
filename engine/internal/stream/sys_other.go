//go:build !unix

package stream

import "errors"

// message is the room for what the kernel is asked to receive.
type message struct{}

func sysReceive(int, []byte, *message) (int, bool, error) { return 0, false, errors.ErrUnsupported }

// vector is the room for the pieces of one write.
type vector struct{}

func sysRead(int, []byte) (int, error) { return 0, errors.ErrUnsupported }

func sysWrite(int, []byte) (int, error) { return 0, errors.ErrUnsupported }

func sysWritev(int, [][]byte, *vector) (int, error) { return 0, errors.ErrUnsupported }

func sysShutdown(int) error { return errors.ErrUnsupported }

func sysClose(int) {}

func sysUnsent(int) bool { return false }
