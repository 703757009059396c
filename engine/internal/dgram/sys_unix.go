//go:build unix && !linux

package dgram

import (
	"errors"
	"syscall"

	"github.com/shardloop/shardloop/engine/internal/sock"
	"golang.org/x/sys/unix"
)

// received needs no room: messages come one by one.
type received struct{}

func (*received) lay([][]byte, bool) {}

// sysReceive takes what is queued, as many messages as there are slots.
func sysReceive(fd int, in *inbox) (n int, err error) {
	in.batch = in.batch[:len(in.slots)]
	for n < len(in.slots) {
		var more int
		var flags int
		var from unix.Sockaddr
		if more, _, flags, from, err = unix.Recvmsg(fd, in.slots[n], nil, unix.MSG_DONTWAIT); err != nil {
			break
		}
		m := message{data: in.slots[n][:more:more], from: sock.FromSockaddr(from), size: more}
		if flags&unix.MSG_TRUNC != 0 {
			m.size = -1 // is not told
		}
		in.batch[n] = m
		n++
	}
	if n > 0 && (err == syscall.EAGAIN || err == syscall.EINTR) {
		err = nil
	}
	return n, err
}

// sent needs no room.
type sent struct{}

// sysSend sends one datagram after the other. The error of one behind others may not
// come again: an answer of the network comes once.
func sysSend(fd int, list []packet, _ sending, out *outbox) (n int, err error) {
	out.first = 1
	for n < len(list) {
		var to unix.Sockaddr
		if list[n].to.IsValid() {
			to = list[n].to.Sockaddr()
		}
		if _, err = unix.SendmsgN(fd, list[n].data, nil, to, unix.MSG_DONTWAIT); err != nil {
			break
		}
		n++
	}
	if n > 0 && err == syscall.EINTR {
		err = nil
	}
	return n, err
}

func sysOffload(int) error { return errors.ErrUnsupported }

func sysClose(fd int) { _ = syscall.Close(fd) }
