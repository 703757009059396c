package load

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/bench/floor"
	"github.com/shardloop/shardloop/bench/servers"
)

// ErrLost is a datagram without an answer: on a loopback a window of a few is never
// lost, unless by the server.
var ErrLost = errors.New("no answer to a datagram")

// datagramPatience is how long an answer may take.
const datagramPatience = 10 * time.Second

// Datagrams keeps a window of datagrams under way to a server, from one socket. It
// sends when half of the window is free, so that what a server finds at once does
// not depend on how fast it is.
type Datagrams struct {
	fd      int
	in, out *floor.Batch
	stock   *stock
	window  int
	under   [][]byte // sent and not answered, the oldest first
	spare   [][]byte
	pushed  int64
}

// NewDatagrams makes a socket that is connected to an address of UDP. A window is as
// much as one call sends at most.
func NewDatagrams(address string, size, window int, seed uint64) (*Datagrams, error) {
	fd, err := dialDatagrams(address)
	if err != nil {
		return nil, err
	}
	d := &Datagrams{fd: fd, in: floor.NewBatch(), out: floor.NewBatch(), stock: newStock(size, seed), window: window}
	for range window {
		d.spare = append(d.spare, make([]byte, size))
	}
	return d, nil
}

func dialDatagrams(address string) (int, error) {
	at, err := net.ResolveUDPAddr("udp4", address)
	if err != nil {
		return -1, err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	if err := unix.Connect(fd, &unix.SockaddrInet4{Port: at.Port, Addr: [4]byte(at.IP.To4())}); err != nil {
		return -1, errors.Join(os.NewSyscallError("connect", err), unix.Close(fd))
	}
	return fd, nil
}

// Exchange sends n datagrams and wants each of them back, in order.
func (d *Datagrams) Exchange(n int64) error {
	for left := n; left > 0 || len(d.under) > 0; {
		if len(d.under) <= d.window/2 {
			k := min(left, int64(d.window-len(d.under)))
			if err := d.send(int(k)); err != nil {
				return err
			}
			left -= k
		}
		if err := d.receive(d.answered); err != nil {
			return err
		}
	}
	return d.silent()
}

// send sends k datagrams with one call.
func (d *Datagrams) send(k int) error {
	for i := range k {
		last := len(d.spare) - 1
		p := d.spare[last]
		d.spare = d.spare[:last]
		d.stock.fill(p)
		copy(d.out.Make(i, len(p)), p)
		d.under = append(d.under, p)
	}
	return os.NewSyscallError("sendmmsg", d.out.SendAll(d.fd, k))
}

// receive waits for what comes.
func (d *Datagrams) receive(got func(p []byte) error) error {
	wait := []unix.PollFd{{Fd: int32(d.fd), Events: unix.POLLIN}}
	switch n, err := unix.Poll(wait, int(datagramPatience.Milliseconds())); {
	case err == unix.EINTR:
		return nil
	case err != nil:
		return os.NewSyscallError("poll", err)
	case n == 0:
		return ErrLost
	}
	n, err := d.in.Receive(d.fd)
	if err != nil {
		return os.NewSyscallError("recvmmsg", err)
	}
	for i := range n {
		if err := got(d.in.At(i)); err != nil {
			return err
		}
	}
	return nil
}

func (d *Datagrams) answered(p []byte) error {
	switch {
	case len(d.under) == 0:
		return ErrMore
	case !bytes.Equal(p, d.under[0]):
		return ErrWrong
	}
	d.spare = append(d.spare, d.under[0])
	copy(d.under, d.under[1:])
	d.under = d.under[:len(d.under)-1]
	return nil
}

// silent fails when there is something to receive.
func (d *Datagrams) silent() error {
	if _, err := d.in.Receive(d.fd); err != unix.EAGAIN {
		return errors.Join(ErrMore, err)
	}
	return nil
}

// Push sends n datagrams one way, a window at a time, the last of which asks how
// many the server has had.
func (d *Datagrams) Push(n int64) error {
	for n > 0 {
		k := min(n, int64(d.window))
		if err := d.push(int(k)); err != nil {
			return err
		}
		n -= k
	}
	return d.silent()
}

func (d *Datagrams) push(k int) error {
	for i := range k {
		d.stock.fill(d.out.Make(i, d.stock.size))
	}
	d.out.At(k - 1)[0] |= servers.Asking
	if err := d.out.SendAll(d.fd, k); err != nil {
		return os.NewSyscallError("sendmmsg", err)
	}
	d.pushed += int64(k)
	for told := false; !told; {
		err := d.receive(func(p []byte) error {
			told = true
			return d.counted(p)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// counted compares the server's count.
func (d *Datagrams) counted(p []byte) error {
	switch {
	case len(p) != 8:
		return ErrWrong
	case binary.LittleEndian.Uint64(p) != uint64(d.pushed):
		return ErrLost
	}
	return nil
}

// Close releases the socket.
func (d *Datagrams) Close() error { return unix.Close(d.fd) }
