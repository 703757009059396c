package engine

import (
	"cmp"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/shardloop/shardloop/buffers"
	"github.com/shardloop/shardloop/engine/internal/stream"
)

var _ net.Conn = (*Conn)(nil)

// Read implements net.Conn.
func (c *Conn) Read(p []byte) (int, error) {
	if err := mayBlock(); err != nil {
		return 0, c.opError("read", err)
	}
	c.reading.Lock()
	defer c.reading.Unlock()
	n, err := c.read(p)
	if err != nil && err != io.EOF {
		err = c.opError("read", err)
	}
	return n, err
}

func (c *Conn) read(p []byte) (int, error) {
	for {
		until := c.readUntil.passing()
		if err := until.Err(); err != nil {
			return 0, c.orClosed(err)
		}
		if n, err := c.readNow(p); n > 0 || err != nil || len(p) == 0 {
			return n, err
		}
		select {
		case <-c.changed:
		case <-until:
		}
		if n := c.withdraw(); n > 0 {
			return n, nil
		}
	}
}

// readNow reads what is pending; if nothing is, what comes next goes to p.
func (c *Conn) readNow(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return 0, net.ErrClosed
	case c.pending != nil:
		return c.takePending(p), nil
	case c.end != nil:
		return 0, c.end
	}
	if len(p) > 0 {
		c.target = p
	}
	return 0, nil
}

// takePending has the lock.
func (c *Conn) takePending(p []byte) int {
	n := copy(p, c.pending.B[c.from:])
	c.from += n
	left := len(c.pending.B) - c.from
	if left == 0 {
		c.dropPending()
	}
	if c.paused && left <= easedPending {
		c.paused = false
		_ = c.transport.Loop().r.Post(resumeConn, c) // a closed loop has closed it
	}
	return n
}

func resumeConn(arg any) { arg.(*Conn).transport.ResumeReading() }

// dropPending has the lock.
func (c *Conn) dropPending() {
	if c.pending != nil {
		buffers.PutScratch(c.pending)
		c.pending, c.from = nil, 0
	}
}

// withdraw takes p of readNow back, and says how much came into it.
func (c *Conn) withdraw() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.filled
	c.target, c.filled = nil, 0
	return n
}

// Write implements net.Conn.
func (c *Conn) Write(p []byte) (n int, err error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	for first := true; first || n < len(p); first = false {
		piece := p[n:min(n+stream.DefaultHigh, len(p))]
		if err := c.write(piece); err != nil {
			return n, c.opError("write", err)
		}
		n += len(piece)
	}
	return n, nil
}

func (c *Conn) write(p []byte) error {
	until := c.writeUntil.passing()
	err := cmp.Or(mayBlock(), c.refuses(), until.Err())
	if err == nil {
		err = c.transport.Post(p)
	}
	if err == ErrWouldBlock {
		err = c.transport.PostWait(until, p)
	}
	switch err {
	case ErrTransportClosing:
		return c.whyClosing()
	case os.ErrDeadlineExceeded:
		return c.orClosed(err)
	}
	return err
}

// orClosed is err of a deadline, which Close has let pass if it was called.
func (c *Conn) orClosed(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return net.ErrClosed
	}
	return err
}

// refuses is why nothing can be written, or nil.
func (c *Conn) refuses() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return net.ErrClosed
	case c.shut:
		return syscall.EPIPE
	}
	return c.lost
}

// whyClosing is why the transport takes no more. It may know before the protocol
// does, and so may the loop.
func (c *Conn) whyClosing() error {
	err := c.refuses()
	if err == nil && c.transport.Loop().IsClosed() {
		err = ErrLoopClosed
	}
	return cmp.Or(err, net.ErrClosed)
}

// Close implements net.Conn. It does not wait; what was written is sent.
func (c *Conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return c.opError("close", net.ErrClosed)
	}
	c.closed = true
	c.dropPending()
	c.readUntil.end()
	c.writeUntil.end()
	(*connProtocol)(c).tell()
	c.post(Transport.Close)
	return nil
}

// CloseWrite ends the writing side when all was sent, and leaves reading as it is,
// as that of a *net.TCPConn.
func (c *Conn) CloseWrite() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return c.opError("close", net.ErrClosed)
	}
	c.shut = true
	c.post(func(t Transport) { _ = t.WriteEOF() })
	return nil
}

// post calls fn on the loop, behind all that was written.
func (c *Conn) post(fn func(Transport)) {
	_ = c.transport.Loop().r.Post(func(any) { fn(c.transport) }, nil) // a closed loop has closed it
}

// LocalAddr implements net.Conn.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr implements net.Conn.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// Transport is the transport below, for options of the socket and its other calls
// that are loop only.
func (c *Conn) Transport() Transport { return c.transport }

// SetDeadline implements net.Conn.
func (c *Conn) SetDeadline(t time.Time) error { return c.setDeadlines(t, &c.readUntil, &c.writeUntil) }

// SetReadDeadline implements net.Conn.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.setDeadlines(t, &c.readUntil) }

// SetWriteDeadline implements net.Conn.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.setDeadlines(t, &c.writeUntil) }

func (c *Conn) setDeadlines(t time.Time, list ...*deadline) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return c.opError("set", net.ErrClosed)
	}
	for _, d := range list {
		d.set(t)
	}
	return nil
}

func (c *Conn) opError(op string, err error) error {
	var told *net.OpError
	if errors.As(err, &told) {
		err = told.Err
	}
	network := "tcp"
	if c.local != nil {
		network = c.local.Network()
	}
	return &net.OpError{Op: op, Net: network, Source: c.local, Addr: c.remote, Err: err}
}
