//go:build !linux

package loss

import (
	"errors"
	"time"
)

func cpuOf(int) (time.Duration, error) { return 0, errors.ErrUnsupported }

func limitDescriptors(int) (bool, error) { return false, errors.ErrUnsupported }

func sockets(int) (int, error) { return 0, errors.ErrUnsupported }

func resident(int) (int64, error) { return 0, errors.ErrUnsupported }
