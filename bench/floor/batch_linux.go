package floor

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// BatchSize is how many datagrams one call receives or sends at most, and
// DatagramSize how long they may be.
const (
	BatchSize    = 64
	DatagramSize = 2048
)

// mmsghdr is the kernel's struct mmsghdr.
type mmsghdr struct {
	unix.Msghdr
	size uint32
}

// Batch is datagrams of IPv4, each with its peer.
type Batch struct {
	headers [BatchSize]mmsghdr
	pieces  [BatchSize]unix.Iovec
	peers   [BatchSize]unix.RawSockaddrInet4
	bytes   [BatchSize][DatagramSize]byte
}

// NewBatch is an empty one.
func NewBatch() *Batch {
	b := &Batch{}
	for i := range b.headers {
		h := &b.headers[i].Msghdr
		b.pieces[i].Base = &b.bytes[i][0]
		h.Iov, h.Name = &b.pieces[i], (*byte)(unsafe.Pointer(&b.peers[i]))
		h.SetIovlen(1)
	}
	return b
}

// At is datagram i as it was received.
func (b *Batch) At(i int) []byte { return b.bytes[i][:b.headers[i].size] }

// Make makes datagram i one of the size, to the peer that the socket is connected to.
func (b *Batch) Make(i, size int) []byte {
	b.headers[i].Namelen, b.headers[i].size = 0, uint32(size)
	return b.At(i)
}
