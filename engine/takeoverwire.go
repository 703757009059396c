package engine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"syscall"

	"github.com/shardloop/shardloop/engine/internal/sock"
)

// What goes over the connection between a process and its successor:
//
//	magic | number of sockets, size of names | names     predecessor -->
//	a byte with up to sock.RightsBatch descriptors, ...  predecessor -->
//	ack: the successor serves                                         <-- successor
//	ack: the predecessor accepts no more                 predecessor -->
//
// Numbers are big-endian and have 32 bits; a name has a byte with its length before
// it. The last character of the magic is the version.
const (
	takeoverMagic = "shardlp1"
	takeoverAck   = 'A'
	// maxPassed bounds what somebody may announce who is no predecessor.
	maxPassed = 1 << 16
)

// passSockets sends sockets with their names.
func passSockets(c *net.UnixConn, list NamedSockets) error {
	var names []byte
	for _, s := range list {
		names = append(append(names, byte(len(s.Name))), s.Name...)
	}
	head := binary.BigEndian.AppendUint32([]byte(takeoverMagic), uint32(len(list)))
	head = binary.BigEndian.AppendUint32(head, uint32(len(names)))
	if _, err := c.Write(append(head, names...)); err != nil {
		return err
	}
	for batch := range slices.Chunk(list, sock.RightsBatch) {
		var fds []int
		for _, s := range batch {
			fds = append(fds, s.Socket.Fd())
		}
		if _, _, err := c.WriteMsgUnix([]byte{0}, sock.Rights(fds), nil); err != nil {
			return err
		}
	}
	return nil
}

// receiveSockets receives what passSockets sends. With an error no descriptor is
// left.
func receiveSockets(c *net.UnixConn) (NamedSockets, error) {
	r := &rightsReader{conn: c, control: make([]byte, sock.RightsRoom())}
	names, err := r.names()
	if err == nil {
		batches := (len(names) + sock.RightsBatch - 1) / sock.RightsBatch
		err = r.full(make([]byte, batches))
	}
	if err == nil && len(r.fds) != len(names) {
		err = fmt.Errorf("%d sockets were announced, and %d came", len(names), len(r.fds))
	}
	if err != nil {
		r.discard()
		return nil, err
	}
	return r.adopt(names)
}

// rightsReader reads bytes, and keeps the descriptors that come with them.
type rightsReader struct {
	conn    *net.UnixConn
	control []byte
	fds     []int
}

// Read makes it an io.Reader. With an error the bytes are none: io.ReadFull would
// forget the error over them.
func (r *rightsReader) Read(p []byte) (int, error) {
	n, size, flags, _, err := r.conn.ReadMsgUnix(p, r.control)
	fds, bad := sock.ParseRights(r.control[:size])
	r.fds = append(r.fds, fds...)
	switch {
	case err != nil:
		return 0, err
	case bad != nil:
		return 0, bad
	case flags&sock.ControlTruncated != 0:
		return 0, errors.New("not all descriptors came: is the limit of open files too low?")
	}
	return n, nil
}

// full fills p.
func (r *rightsReader) full(p []byte) error {
	_, err := io.ReadFull(r, p)
	return ended(err)
}

// ended makes the end of the connection one that nobody expects, however it shows.
func ended(err error) error {
	for _, end := range []error{io.EOF, syscall.EPIPE, syscall.ECONNRESET} {
		if errors.Is(err, end) {
			return io.ErrUnexpectedEOF
		}
	}
	return err
}

// names reads what comes before the descriptors.
func (r *rightsReader) names() ([]string, error) {
	head := make([]byte, len(takeoverMagic)+8)
	if err := r.full(head); err != nil {
		return nil, err
	}
	magic, numbers := head[:len(takeoverMagic)], head[len(takeoverMagic):]
	n, size := binary.BigEndian.Uint32(numbers), binary.BigEndian.Uint32(numbers[4:])
	switch {
	case string(magic) != takeoverMagic:
		return nil, fmt.Errorf("it begins with %q, not with %q", magic, takeoverMagic)
	case n == 0 || n > maxPassed || size > n*(maxSocketName+1):
		return nil, fmt.Errorf("%d sockets with %d bytes of names are none", n, size)
	}
	text := make([]byte, size)
	if err := r.full(text); err != nil {
		return nil, err
	}
	return splitNames(text, int(n))
}

// splitNames are n names with their lengths before them.
func splitNames(text []byte, n int) (names []string, err error) {
	for len(text) > 0 && len(text) > int(text[0]) {
		end := 1 + int(text[0])
		names, text = append(names, string(text[1:end])), text[end:]
	}
	if len(names) != n || len(text) > 0 {
		return nil, fmt.Errorf("%d sockets were announced, and %d names", n, len(names))
	}
	return names, nil
}

// discard closes what has come.
func (r *rightsReader) discard() {
	for _, fd := range r.fds {
		_ = sock.Close(fd) // nobody has it
	}
	r.fds = nil
}

// adopt makes sockets of the descriptors.
func (r *rightsReader) adopt(names []string) (list NamedSockets, err error) {
	for i, name := range names {
		s, err := adopt(r.fds[0], sock.Kind{})
		r.fds = r.fds[1:] // closed, if it is none
		if err != nil {
			r.discard()
			_ = list.Close() // the first error counts
			return nil, fmt.Errorf("number %d (%s): %w", i, name, err)
		}
		list = append(list, NamedSocket{name, s})
	}
	return list, nil
}

// checkPeer refuses a process of another user, but for root, where the system tells.
func checkPeer(c *net.UnixConn) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	uid := -1
	var failed error
	if err := raw.Control(func(fd uintptr) { uid, failed = sock.PeerUser(int(fd)) }); err != nil {
		return err
	}
	switch {
	case errors.Is(failed, ErrUnsupported):
		return nil
	case failed != nil:
		return failed
	}
	return checkUser(uid)
}

func checkUser(uid int) error {
	if uid != 0 && uid != os.Geteuid() {
		return fmt.Errorf("the other process is of user %d: %w", uid, os.ErrPermission)
	}
	return nil
}

// acknowledge sends the byte, awaitAck receives it.
func acknowledge(c *net.UnixConn) error {
	_, err := c.Write([]byte{takeoverAck})
	return ended(err)
}

func awaitAck(c *net.UnixConn) error {
	var got [1]byte
	if _, err := io.ReadFull(c, got[:]); err != nil {
		return ended(err)
	}
	if got[0] != takeoverAck {
		return fmt.Errorf("%q came in place of an acknowledgement", got[0])
	}
	return nil
}
