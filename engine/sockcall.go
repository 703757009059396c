package engine

import (
	"errors"
	"io"
	"syscall"

	"github.com/shardloop/shardloop/buffers"
	"github.com/shardloop/shardloop/engine/internal/sock"
)

// sockCall is one of the Sock calls: what it asks of the system, and what came of
// that. It is a value; while it waits it lives in a sockWait.
type sockCall struct {
	op    sockOp
	begun bool      // connecting is under way
	want  int       // of opRecv and opRecvfrom
	n     int       // bytes moved; of opAccept the descriptor
	buf   []byte    // the caller's; of opRecv and opRecvfrom the result
	addr  sock.Addr // to or from whom
}

type sockOp uint8

const (
	opRecv sockOp = iota
	opRecvfrom
	opRecvInto
	opRecvfromInto
	opAccept
	opSendall
	opSendto
	opConnect
)

// name is the system call, for errors.
func (o sockOp) name() string {
	return [...]string{"recv", "recvfrom", "recv", "recvfrom", "accept", "send", "sendto", "connect"}[o]
}

// direction is which side of a socket a call waits for.
type direction uint8

const (
	reading direction = iota
	writing
)

func (o sockOp) direction() direction {
	if o >= opSendall {
		return writing
	}
	return reading
}

// mayHang reports whether the call could stop the loop when the socket blocks:
// there is no flag that keeps the system from waiting.
func (o sockOp) mayHang() bool { return o == opAccept || o == opConnect }

// waits reports whether a try has to be repeated when the socket is ready.
func waits(err error) bool { return err == syscall.EAGAIN || err == syscall.EINTR }

// try asks the system once. It does not block.
func (c *sockCall) try(fd int, k sock.Kind) (err error) {
	switch c.op {
	case opRecv, opRecvfrom:
		return c.receiveNew(fd, k)
	case opRecvInto, opRecvfromInto:
		return c.receive(fd, k, c.buf)
	case opAccept:
		c.n, c.addr, err = acceptNext(fd, sock.Accept)
		return err
	case opSendall:
		return c.sendRest(fd)
	case opSendto:
		c.n, err = sock.SendTo(fd, c.buf, c.addr)
		return err
	}
	return c.connect(fd, k.Family)
}

// maxReceive is the most that one call takes from a stream into memory of its own,
// and what it begins with for a datagram: asyncio's max_size.
const maxReceive = 256 << 10

// receive reads into p. Nothing is the end, but for an empty datagram, and where
// nothing was asked for.
func (c *sockCall) receive(fd int, k sock.Kind, p []byte) (err error) {
	switch {
	case c.op == opRecvfrom || c.op == opRecvfromInto:
		c.n, c.addr, err = sock.ReceiveFrom(fd, p)
	case len(p) == 0:
		return nil // as in Python: kernels differ in whether that waits
	default:
		c.n, err = sock.Receive(fd, p)
	}
	if c.n == 0 && err == nil && len(p) > 0 && (k.Type == SockStream || k.Type == SockSeqPacket) {
		err = io.EOF
	}
	return err
}

// receiveNew reads into memory of the result's size, so that a call that waits
// holds none.
func (c *sockCall) receiveNew(fd int, k sock.Kind) error {
	scratch := buffers.GetScratch()
	defer buffers.PutScratch(scratch)
	p, err := c.room(fd, k, scratch)
	if err == nil {
		err = c.receive(fd, k, p)
	}
	if err == nil {
		c.buf = append(make([]byte, 0, c.n), p[:c.n]...)
	}
	return err
}

// room is memory for what there is, however much is wanted. A datagram that may be
// larger is looked at first, so that it is whole.
func (c *sockCall) room(fd int, k sock.Kind, scratch *buffers.Scratch) ([]byte, error) {
	for n := min(c.want, maxReceive); ; n = min(c.want, 2*n) {
		if cap(scratch.B) < n {
			scratch.B = make([]byte, n)
		}
		p := scratch.B[:n]
		if n == c.want || k.Type == SockStream {
			return p, nil
		}
		if seen, err := sock.Peek(fd, p); err != nil || seen < n {
			return p, err
		}
	}
}

// acceptNext takes a connection, and goes on behind those that were aborted.
func acceptNext(fd int, accept func(int) (int, sock.Addr, error)) (conn int, peer sock.Addr, err error) {
	for {
		conn, peer, err = accept(fd)
		if err != syscall.ECONNABORTED {
			return conn, peer, err
		}
	}
}

// sendRest sends as much as there is room for of what is left. No data at all is
// sent as well: it may be a datagram.
func (c *sockCall) sendRest(fd int) error {
	n, err := sock.Send(fd, c.buf[c.n:])
	c.n += n
	if err == nil && c.n < len(c.buf) {
		return syscall.EAGAIN
	}
	return err
}

// connect begins to connect, or asks how it went. Nothing tells when a unix
// server's full queue has room: then it was not begun.
func (c *sockCall) connect(fd, family int) (err error) {
	if c.begun {
		c.begun, err = sock.ConnectResult(fd)
	} else {
		c.begun, err = sock.Connect(fd, family, c.addr)
	}
	if c.begun || family == AFUnix && errors.Is(err, syscall.EAGAIN) {
		return syscall.EAGAIN
	}
	return err
}
