package servers

import "encoding/binary"

// Asking is the bit in the first byte of a datagram that asks a server in the role
// drain for its count. No other datagram has it.
const Asking = 0x80

// Tally is how many datagrams have come.
type Tally uint64

// Take counts a datagram, and returns what is to be answered: the count, if it asks.
func (t *Tally) Take(p []byte) (answer []byte) {
	*t++
	if len(p) == 0 || p[0]&Asking == 0 {
		return nil
	}
	return binary.LittleEndian.AppendUint64(nil, uint64(*t))
}
