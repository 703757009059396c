package bench

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/bench/floor"
)

// errEcho is an answer that is not what was sent.
var errEcho = errors.New("the answer differs from the request")

// echoClient is the client process. Its parent is the server.
func echoClient(_ context.Context, t Task) (m Metrics, err error) {
	c := &echoLoad{seed: t.Seed}
	if c.epfd, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	defer func() { err = errors.Join(err, c.close()) }()
	for range t.Param("connections") {
		if err := c.connect(int(t.Param("port")), int(t.Param("size"))); err != nil {
			return nil, err
		}
	}
	if err := c.exchange(t.Param("warmup")); err != nil {
		return nil, err
	}
	return c.measure(t.Param("requests"))
}

// echoLoad keeps a request under way on each connection.
type echoLoad struct {
	epfd   int
	seed   uint64
	conns  []*echoConn
	events [256]unix.EpollEvent

	sent, done, wanted int64
}

// echoConn is a connection with the request that is under way on it.
type echoConn struct {
	fd       int
	out, in  []byte
	received int
}

func (c *echoLoad) connect(port, size int) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(len(c.conns))}
	c.conns = append(c.conns, &echoConn{fd: fd, out: make([]byte, size), in: make([]byte, size)})
	return errors.Join(
		unix.Connect(fd, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}),
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1),
		unix.SetNonblock(fd, true),
		unix.EpollCtl(c.epfd, unix.EPOLL_CTL_ADD, fd, &ev))
}

func (c *echoLoad) close() (err error) {
	for _, k := range c.conns {
		err = errors.Join(err, unix.Close(k.fd))
	}
	return errors.Join(err, unix.Close(c.epfd))
}

// measure makes n requests and reads the clocks before and after.
func (c *echoLoad) measure(n int64) (Metrics, error) {
	before, err := cpuOf(os.Getppid())
	if err != nil {
		return nil, err
	}
	start := time.Now()
	if err := c.exchange(n); err != nil {
		return nil, err
	}
	took := time.Since(start)
	after, err := cpuOf(os.Getppid())
	each := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 / float64(n) }
	return Metrics{"cpu": each(after - before), "time": each(took)}, err
}

// cpuOf is the processor time of another process, user and system. The id of its
// clock is what clock_getcpuclockid makes of the process's.
func cpuOf(pid int) (time.Duration, error) {
	const scheduled = 2
	var ts unix.Timespec
	err := unix.ClockGettime(^int32(pid)<<3|scheduled, &ts)
	return time.Duration(ts.Nano()), os.NewSyscallError("clock_gettime", err)
}

// exchange makes n requests, and returns when the last answer is there.
func (c *echoLoad) exchange(n int64) error {
	c.sent, c.done, c.wanted = 0, 0, n
	for _, k := range c.conns {
		if err := c.send(k); err != nil {
			return err
		}
	}
	for c.done < c.wanted {
		n, err := unix.EpollWait(c.epfd, c.events[:], -1)
		if err != nil && err != unix.EINTR {
			return os.NewSyscallError("epoll_wait", err)
		}
		for i := 0; i < n; i++ {
			if err := c.receive(c.conns[c.events[i].Fd]); err != nil {
				return err
			}
		}
	}
	return nil
}

// send writes the next request, if there is one. No two have the same bytes.
func (c *echoLoad) send(k *echoConn) error {
	if c.sent == c.wanted {
		return nil
	}
	c.sent++
	for i := 0; i+8 <= len(k.out); i += 8 {
		c.seed += 0x9e3779b97f4a7c15
		binary.LittleEndian.PutUint64(k.out[i:], c.seed*0xbf58476d1ce4e5b9)
	}
	k.received = 0
	n, err := floor.Write(k.fd, k.out)
	if err == nil && n < len(k.out) {
		err = fmt.Errorf("%d bytes of %d were taken", n, len(k.out))
	}
	return os.NewSyscallError("write", err)
}

// receive reads what is there of an answer; a whole one is compared and followed
// by the next request.
func (c *echoLoad) receive(k *echoConn) error {
	n, err := floor.Read(k.fd, k.in[k.received:])
	if err != nil {
		return os.NewSyscallError("read", err)
	}
	if k.received += n; n == 0 || k.received < len(k.in) {
		return endOfEcho(n)
	}
	if !bytes.Equal(k.in, k.out) {
		return errEcho
	}
	c.done++
	return c.send(k)
}

// endOfEcho is an error when nothing was read.
func endOfEcho(n int) error {
	if n == 0 {
		return errors.New("the server ended the connection")
	}
	return nil
}
