package servers

import "encoding/binary"

// The role posts is an echo server of requests of PostSize bytes, but for those
// whose first byte is PostCommand: they say how many messages the server shall
// post to all its connections in turn, from a goroutine that has nothing else to
// do with them. In the role across it is the loop of the connection that posts, to
// the connections of other loops.
const (
	PostSize    = 64
	PostCommand = 0xff
)

// Command makes the request for n messages.
func Command(n int64) []byte {
	p := make([]byte, PostSize)
	p[0] = PostCommand
	binary.LittleEndian.PutUint64(p[8:], uint64(n))
	return p
}

// Commanded is how many messages a request asks for; no for one that is to be
// sent back.
func Commanded(p []byte) (n int64, yes bool) {
	if len(p) != PostSize || p[0] != PostCommand {
		return 0, false
	}
	return int64(binary.LittleEndian.Uint64(p[8:])), true
}

// Post fills p with the message of that number.
func Post(p []byte, number int64) {
	for i := 0; i+8 <= len(p); i += 8 {
		binary.LittleEndian.PutUint64(p[i:], uint64(number)*0x9e3779b97f4a7c15+uint64(i))
	}
}
