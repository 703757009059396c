package loss

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/shardloop/shardloop/bench/loss/roles"
)

// ending is how reading has ended.
type ending string

const (
	ended   ending = "the server has closed"
	reset   ending = "the connection was reset"
	silence ending = "nothing more came"
	marked  ending = "the marker came back"
)

// received is what came in over a connection.
type received struct {
	roles.Tally
	end ending
}

// want compares with the first n bytes of the payload, which is what was sent.
func (r *received) want(n int64) Verdict {
	same := r.Sum() == roles.Want(min(r.N, n)).Sum()
	switch {
	case r.N == 0 && n > 0:
		return fault(NoAnswer, "%s", r.end)
	case r.N > n:
		return Verdict{Kind: Extra, Count: r.N - n, Why: string(r.end)}
	case r.N < n:
		why := string(r.end)
		if !same {
			why += ", and what came is not the beginning of what was sent"
		}
		return Verdict{Kind: Lost, Count: n - r.N, Why: why}
	case !same:
		return fault(Garbled, "the hash is %s, not %s", r.Sum(), roles.Want(n).Sum())
	case r.end == silence:
		return fault(NoAnswer, "all bytes came, but not the end")
	default:
		return good
	}
}

// reader reads from a connection, patiently.
type reader struct {
	conn net.Conn
	idle time.Duration    // how long nothing may come
	pace <-chan time.Time // each read waits for one, unless it is nil
	buf  []byte
}

func (t *trial) reader(c net.Conn) *reader {
	return &reader{conn: c, idle: t.idle, buf: make([]byte, 64<<10)}
}

func (r *reader) read() ([]byte, error) {
	if r.pace != nil {
		<-r.pace
	}
	if err := r.conn.SetReadDeadline(time.Now().Add(r.idle)); err != nil {
		return nil, err
	}
	n, err := r.conn.Read(r.buf)
	return r.buf[:n], err
}

// toEnd reads until the connection ends.
func (r *reader) toEnd() *received {
	in := &received{}
	for {
		p, err := r.read()
		_, _ = in.Write(p) // a tally never fails
		if err != nil {
			in.end = endOf(err)
			return in
		}
	}
}

// toMarker reads n bytes, sends a marker, and reads until that comes back: the
// server keeps the connection open and sends back what it gets, so whatever else
// it sends comes before.
func (r *reader) toMarker(n int64) *received {
	in := &received{}
	for asked := false; ; {
		if in.N >= n && !asked {
			asked = true
			_, _ = r.conn.Write([]byte{roles.Marker}) // reading tells
		}
		p, err := r.read()
		if at := bytes.IndexByte(p, roles.Marker); at >= 0 {
			_, _ = in.Write(p[:at])
			in.end = marked
			return in
		}
		_, _ = in.Write(p)
		if err != nil {
			in.end = endOf(err)
			return in
		}
	}
}

func endOf(err error) ending {
	switch {
	case err == io.EOF:
		return ended
	case errors.Is(err, os.ErrDeadlineExceeded):
		return silence
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return reset
	default:
		return ending(err.Error())
	}
}

// slam ends a connection by a reset where the network has one.
func slam(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}

// errOther is an answer that is not what was sent.
var errOther = errors.New("something else came back")

// ping sends something and wants it back.
func (t *trial) ping(c net.Conn, text string) error {
	if err := c.SetDeadline(time.Now().Add(t.idle)); err != nil {
		return err
	}
	if _, err := io.WriteString(c, text); err != nil {
		return err
	}
	back := make([]byte, len(text))
	if _, err := io.ReadFull(c, back); err != nil {
		return err
	}
	if string(back) != text {
		return errOther
	}
	return nil
}
