//go:build unix && !linux

package sock

import "golang.org/x/sys/unix"

// kindOf takes the usual protocol of the type: only some systems can be asked.
func kindOf(fd int) (k Kind, err error) {
	if k.Type, err = option(fd, unix.SOL_SOCKET, unix.SO_TYPE); err != nil {
		return Kind{}, err
	}
	if k.Family, err = family(fd); err != nil {
		return Kind{}, err
	}
	switch k.Network() {
	case "tcp":
		k.Proto = TCP
	case "udp":
		k.Proto = UDP
	}
	return k, nil
}
