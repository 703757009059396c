package engine

import "net"

// HandsOver reports whether one loop accepts for the others.
func (s *GroupServer) HandsOver() bool { return s.spread.hands }

// ReceiveSockets is what a successor receives with so much room for descriptors.
func ReceiveSockets(c *net.UnixConn, room int) (names []string, err error) {
	r := &rightsReader{conn: c, control: make([]byte, room)}
	defer r.discard()
	return names, r.full(make([]byte, 1))
}

// CheckUser tells whether a process of another user is let in.
var CheckUser = checkUser
