package load

import (
	"errors"

	"golang.org/x/sys/unix"
)

// Accept makes one connection after the other, several at a time: it connects,
// exchanges one message, and closes by a reset, which leaves nothing behind.
type Accept struct {
	network, address string
	set              *set
	slots            []*echoConn
	stock            *stock

	opened, done, wanted int64
}

// NewAccept has window connections at a time.
func NewAccept(network, address string, window, size int, seed uint64) (*Accept, error) {
	s, err := newSet()
	a := &Accept{network: network, address: address, set: s, stock: newStock(size, seed)}
	for range window {
		a.slots = append(a.slots, &echoConn{fd: -1, out: make([]byte, size), in: make([]byte, size)})
	}
	return a, err
}

// Run makes n connections, and returns when the last one is closed.
func (a *Accept) Run(n int64) error {
	a.opened, a.done, a.wanted = 0, 0, n
	for i := range a.slots {
		if err := a.open(i); err != nil {
			return err
		}
	}
	for a.done < a.wanted {
		if err := a.set.wait(true, a.ready); err != nil {
			return err
		}
	}
	return nil
}

// open makes the next connection, if there is one, and sends its message.
func (a *Accept) open(index int) (err error) {
	if a.opened == a.wanted {
		return nil
	}
	a.opened++
	k := a.slots[index]
	if k.fd, err = dial(a.network, a.address, index); err != nil {
		return err
	}
	a.stock.fill(k.out)
	k.received = 0
	if k.sent, err = write(k.fd, k.out); err != nil {
		return err
	}
	return a.set.add(k.fd, index)
}

func (a *Accept) ready(index int) error {
	k := a.slots[index]
	n, err := write(k.fd, k.out[k.sent:])
	if k.sent += n; err != nil {
		return err
	}
	if whole, err := k.pull(); err != nil || !whole {
		return err
	}
	a.done++
	if err := k.reset(); err != nil {
		return err
	}
	return a.open(index)
}

// reset closes without a farewell.
func (k *echoConn) reset() error {
	err := unix.SetsockoptLinger(k.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	err = errors.Join(err, unix.Close(k.fd))
	k.fd = -1
	return err
}

// Close ends what is open.
func (a *Accept) Close() (err error) {
	for _, k := range a.slots {
		if k.fd >= 0 {
			err = errors.Join(err, k.reset())
		}
	}
	return errors.Join(err, a.set.close())
}
