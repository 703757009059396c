package dgram

const (
	// maxSegments is how many datagrams one message is cut into: what Linux took
	// before 6.9, and 128 since.
	maxSegments = 64

	// maxMessage is what an IP packet has room for, IPv6's headers taken off.
	maxMessage = 65535 - 40 - 8
)

// joinable is how many datagrams at the head of list can go as one message, for the
// kernel to cut: of one size, to one address, the last maybe shorter.
func joinable(list []packet) int {
	first := &list[0]
	size, total, n := len(first.data), len(first.data), 1
	for size > 0 && n < min(len(list), maxSegments) {
		p := &list[n]
		total += len(p.data)
		if len(p.data) == 0 || len(p.data) > size || total > maxMessage || p.to != first.to {
			break
		}
		n++
		if len(p.data) < size {
			break
		}
	}
	return n
}
