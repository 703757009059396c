package load

import (
	"bytes"
	"os"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/bench/servers"
)

// Bulk is a connection that carries bytes one way; its calls block.
type Bulk struct {
	fd  int
	buf []byte
}

// NewBulk makes the connection.
func NewBulk(network, address string) (*Bulk, error) {
	fd, err := dial(network, address, 0)
	if err != nil {
		return nil, err
	}
	return &Bulk{fd: fd, buf: make([]byte, 256<<10)}, unix.SetNonblock(fd, false)
}

// Send sends n bytes to a sink, and returns when it has them all.
func (b *Bulk) Send(n int64) error {
	head := servers.Amount(n)
	if err := b.write(head); err != nil {
		return err
	}
	for left := n; left > 0; {
		p := b.buf[:min(left, int64(len(b.buf)))]
		if err := b.write(p); err != nil {
			return err
		}
		left -= int64(len(p))
	}
	answer := make([]byte, 0, len(head))
	for len(answer) < len(head) {
		got, err := b.read(answer[len(answer):cap(answer)])
		if err != nil {
			return err
		}
		answer = answer[:len(answer)+got]
	}
	if !bytes.Equal(answer, head) {
		return ErrWrong
	}
	return nil
}

// Receive has a source send n bytes, and returns when they are there.
func (b *Bulk) Receive(n int64) error {
	if err := b.write(servers.Amount(n)); err != nil {
		return err
	}
	want := append(bytes.Clone(servers.Pattern), servers.Pattern...)
	for done := int64(0); done < n; {
		// No more than what is compared in one piece.
		got, err := b.read(b.buf[:min(n-done, int64(len(servers.Pattern)))])
		if err != nil {
			return err
		}
		at := done % int64(len(servers.Pattern))
		if !bytes.Equal(b.buf[:got], want[at:at+int64(got)]) {
			return ErrWrong
		}
		done += int64(got)
	}
	return nil
}

func (b *Bulk) write(p []byte) error {
	for len(p) > 0 {
		n, err := unix.Write(b.fd, p)
		if err != nil && err != unix.EINTR {
			return os.NewSyscallError("write", err)
		}
		p = p[max(n, 0):]
	}
	return nil
}

func (b *Bulk) read(p []byte) (int, error) {
	n, err := unix.Read(b.fd, p)
	for err == unix.EINTR {
		n, err = unix.Read(b.fd, p)
	}
	if n == 0 && err == nil {
		err = ErrEnd
	}
	return max(n, 0), err
}

// Close ends the connection.
func (b *Bulk) Close() error { return unix.Close(b.fd) }
