package dgram

import (
	"syscall"
	"unsafe"

	"github.com/shardloop/shardloop/engine/internal/sock"
	"golang.org/x/sys/unix"
)

// This file holds every raw system call of the package. The descriptors do not
// block, so none of these calls can; only a unix path has to be looked up, and
// that is announced.

// mmsghdr is the kernel's struct mmsghdr.
type mmsghdr struct {
	unix.Msghdr
	n uint32 // bytes of the message
}

// control is room for what comes or goes beside a message, as it has to be aligned.
type control [8]uint64

// received is the room for what the kernel is asked to receive.
type received struct {
	headers [maxBatch]mmsghdr
	iov     [maxBatch]unix.Iovec
	from    [maxBatch]sock.RawAddr
	control [maxBatch]control
	beside  int // bytes of each control that the kernel may use
	names   names
}

func (k *received) lay(slots [][]byte, joined bool) {
	k.beside = 0
	if joined {
		k.beside = int(unsafe.Sizeof(control{}))
	}
	for i, p := range slots {
		k.iov[i].Base = &p[0]
		k.iov[i].SetLen(len(p))
		h := &k.headers[i].Msghdr
		h.Name, h.Iov, h.Control = &k.from[i][0], &k.iov[i], (*byte)(unsafe.Pointer(&k.control[i]))
		h.SetIovlen(1)
		k.reset(i)
	}
}

// reset says how much room there is, where the kernel has said how much it took.
func (k *received) reset(i int) {
	h := &k.headers[i].Msghdr
	h.Namelen = uint32(len(k.from[i]))
	h.SetControllen(k.beside)
}

// sysReceive takes what is queued. MSG_TRUNC has the kernel tell the size of what it
// has cut.
func sysReceive(fd int, in *inbox) (int, error) {
	k := &in.kernel
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(fd), uintptr(unsafe.Pointer(&k.headers[0])),
		uintptr(len(in.slots)), unix.MSG_DONTWAIT|unix.MSG_TRUNC, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	in.batch = in.batch[:n]
	for i := range in.batch {
		in.batch[i] = k.message(i, in.slots[i])
		k.reset(i)
	}
	return int(n), nil
}

func (k *received) message(i int, slot []byte) message {
	h := &k.headers[i]
	size := int(h.n)
	m := message{data: slot[:min(size, len(slot)):min(size, len(slot))], size: size}
	m.from = k.names.decode(k.from[i][:min(int(h.Namelen), len(k.from[i]))])
	if h.Controllen > 0 {
		m.segment = k.control[i].segment(int(h.Controllen))
	}
	return m
}

// segment is the size of the datagrams that the kernel has joined to a message.
func (c *control) segment(n int) int {
	raw := unsafe.Slice((*byte)(unsafe.Pointer(c)), unsafe.Sizeof(*c))[:n]
	for len(raw) >= unix.CmsgLen(4) {
		h := (*unix.Cmsghdr)(unsafe.Pointer(&raw[0]))
		if h.Level == unix.SOL_UDP && h.Type == unix.UDP_GRO {
			return int(*(*int32)(unsafe.Pointer(&raw[unix.CmsgLen(0)])))
		}
		raw = raw[min(max(unix.CmsgSpace(int(h.Len)-unix.CmsgLen(0)), unix.SizeofCmsghdr), len(raw)):]
	}
	return 0
}

const (
	maxSent   = 64        // messages of one call
	maxPieces = 512       // of all of them
	maxBytes  = 256 << 10 // so that the call is short
)

// sent is the room for what the kernel is asked to send.
type sent struct {
	headers [maxSent]mmsghdr
	iov     [maxPieces]unix.Iovec
	to      [maxSent]sock.RawAddr
	control [maxSent]control
	counts  [maxSent]int // datagrams in each
	pieces  int
}

// sysSend sends as many as one call takes, from the head of list.
func sysSend(fd int, list []packet, s sending, out *outbox) (int, error) {
	k := &out.kernel
	messages := k.fill(list, s)
	out.first = k.counts[0]
	n, errno := k.call(fd, messages, s.family == unix.AF_UNIX && list[0].to.IsValid())
	k.forget(messages)
	if errno != 0 {
		return 0, errno
	}
	total := 0
	for _, c := range k.counts[:n] {
		total += c
	}
	return total, nil
}

func (k *sent) call(fd, messages int, looksUp bool) (int, unix.Errno) {
	const how = unix.MSG_DONTWAIT | unix.MSG_NOSIGNAL
	first := unsafe.Pointer(&k.headers[0])
	if looksUp {
		n, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(fd), uintptr(first), uintptr(messages), how, 0, 0)
		return int(n), errno
	}
	n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(fd), uintptr(first), uintptr(messages), how, 0, 0)
	return int(n), errno
}

// fill makes messages of the datagrams, as many as there is room for.
func (k *sent) fill(list []packet, s sending) (messages int) {
	bytes := 0
	k.pieces = 0
	for len(list) > 0 && messages < maxSent && bytes < maxBytes {
		n := 1
		if s.join {
			n = joinable(list)
		}
		if k.pieces+n > maxPieces {
			break
		}
		bytes += k.add(messages, list[:n])
		messages++
		list = list[n:]
	}
	return messages
}

// add makes message i of datagrams, and returns its size.
func (k *sent) add(i int, list []packet) (size int) {
	first := k.pieces
	for j := range list {
		k.piece(first, list[j].data)
		size += len(list[j].data)
	}
	if k.pieces == first {
		k.iov[first] = unix.Iovec{} // an emulator drops a message that has no pieces
		k.pieces++
	}
	h := &k.headers[i].Msghdr
	*h = unix.Msghdr{Iov: &k.iov[first]}
	h.SetIovlen(k.pieces - first)
	if to := list[0].to; to.IsValid() {
		h.Name, h.Namelen = &k.to[i][0], uint32(to.Encode(&k.to[i]))
	}
	if len(list) > 1 {
		k.control[i].cut(h, len(list[0].data))
	}
	k.counts[i] = len(list)
	return size
}

// piece adds the bytes of a datagram to the message whose pieces begin at first. As
// a rule they follow on those before them.
func (k *sent) piece(first int, p []byte) {
	if len(p) == 0 {
		return
	}
	if k.pieces > first {
		last := &k.iov[k.pieces-1]
		if unsafe.Add(unsafe.Pointer(last.Base), last.Len) == unsafe.Pointer(&p[0]) {
			last.SetLen(int(last.Len) + len(p))
			return
		}
	}
	k.iov[k.pieces].Base = &p[0]
	k.iov[k.pieces].SetLen(len(p))
	k.pieces++
}

// cut has the kernel cut a message into datagrams of the size.
func (c *control) cut(h *unix.Msghdr, size int) {
	m := (*unix.Cmsghdr)(unsafe.Pointer(c))
	m.Level, m.Type = unix.SOL_UDP, unix.UDP_SEGMENT
	m.SetLen(unix.CmsgLen(2))
	*(*uint16)(unsafe.Add(unsafe.Pointer(c), unix.CmsgLen(0))) = uint16(size)
	h.Control = (*byte)(unsafe.Pointer(c))
	h.SetControllen(unix.CmsgSpace(2))
}

// forget lets go of the datagrams.
func (k *sent) forget(messages int) {
	clear(k.iov[:k.pieces])
	for i := range messages {
		k.headers[i].Iov = nil
	}
}

// sysOffload asks for joined datagrams, and finds out whether messages can be cut.
func sysOffload(fd int) error {
	if _, err := unix.GetsockoptInt(fd, unix.SOL_UDP, unix.UDP_SEGMENT); err != nil {
		return err
	}
	return unix.SetsockoptInt(fd, unix.SOL_UDP, unix.UDP_GRO, 1)
}

func sysClose(fd int) { _ = syscall.Close(fd) }
