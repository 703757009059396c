package dgram

import (
	"encoding/binary"

	"github.com/shardloop/shardloop/engine/internal/sock"
	"golang.org/x/sys/unix"
)

// maxNames is how many names are remembered, before all are forgotten.
const maxNames = 1024

// names remembers the addresses of unix peers by what the kernel writes, because a
// name is a string, and would be allocated anew with each datagram.
type names map[string]sock.Addr

func (n *names) decode(raw []byte) sock.Addr {
	if len(raw) < 2 || binary.NativeEndian.Uint16(raw) != unix.AF_UNIX {
		return sock.Decode(raw)
	}
	if a, ok := (*n)[string(raw)]; ok {
		return a
	}
	if len(*n) >= maxNames || *n == nil {
		*n = make(names)
	}
	a := sock.Decode(raw)
	(*n)[string(raw)] = a
	return a
}
