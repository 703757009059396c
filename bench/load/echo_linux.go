package load

import (
	"bytes"
	"encoding/binary"
	"errors"

	"golang.org/x/sys/unix"
)

// Echo keeps one request under way on each of its connections to a server that
// sends back what it gets.
type Echo struct {
	network, address string
	set              *set
	conns            []*echoConn
	stock            *stock

	sent, done, wanted int64
}

// echoConn is a connection with the request that is under way on it.
type echoConn struct {
	fd             int
	out, in        []byte
	sent, received int
}

// connectBatch is how many connections are made before each of them has had an
// answer: fewer than fit into any server's queue.
const connectBatch = 64

// NewEcho has no connections yet. Requests have the given size and bytes that the
// seed decides.
func NewEcho(network, address string, size int, seed uint64) (*Echo, error) {
	s, err := newSet()
	return &Echo{network: network, address: address, set: s, stock: newStock(size, seed)}, err
}

// Lines makes requests of lines of n bytes, each with its newline at the end. Before
// Connect.
func (e *Echo) Lines(n int) {
	e.stock.line = n
	unbreak(e.stock.bytes)
}

// Connect makes n connections more, and one request on each.
func (e *Echo) Connect(n int) error {
	for n > 0 {
		batch := min(n, connectBatch)
		first := len(e.conns)
		for range batch {
			if err := e.connect(); err != nil {
				return err
			}
		}
		if err := e.exchange(e.conns[first:], int64(batch)); err != nil {
			return err
		}
		n -= batch
	}
	return nil
}

func (e *Echo) connect() error {
	fd, err := dial(e.network, e.address, len(e.conns))
	if err != nil {
		return err
	}
	size := e.stock.size
	e.conns = append(e.conns, &echoConn{fd: fd, out: make([]byte, size), in: make([]byte, size)})
	return e.set.add(fd, len(e.conns)-1)
}

// Exchange makes n requests on all connections, and returns when the last answer
// is there and nothing else.
func (e *Echo) Exchange(n int64) error {
	if err := e.exchange(e.conns, n); err != nil {
		return err
	}
	return e.silent()
}

func (e *Echo) exchange(conns []*echoConn, n int64) error {
	e.sent, e.done, e.wanted = 0, 0, n
	for _, k := range conns {
		if err := e.next(k); err != nil {
			return err
		}
	}
	for e.done < e.wanted {
		if err := e.set.wait(true, e.ready); err != nil {
			return err
		}
	}
	return nil
}

// silent fails when a connection has something to read.
func (e *Echo) silent() error {
	var p [1]byte
	for _, k := range e.conns {
		if n, err := read(k.fd, p[:]); n > 0 || err != nil {
			return errors.Join(extra(n), err)
		}
	}
	return nil
}

// extra is the error of n bytes too many.
func extra(n int) error {
	if n > 0 {
		return ErrMore
	}
	return nil
}

// next begins the next request, if there is one.
func (e *Echo) next(k *echoConn) error {
	if e.sent == e.wanted {
		k.sent, k.received = len(k.out), len(k.in) // idle
		return nil
	}
	e.sent++
	e.stock.fill(k.out)
	k.sent, k.received = 0, 0
	return e.push(k)
}

func (e *Echo) push(k *echoConn) error {
	n, err := write(k.fd, k.out[k.sent:])
	k.sent += n
	return err
}

// ready goes on with a connection where something has come or can go.
func (e *Echo) ready(index int) error {
	k := e.conns[index]
	if k.sent < len(k.out) {
		if err := e.push(k); err != nil {
			return err
		}
	}
	if k.received == len(k.in) {
		return e.unasked(k)
	}
	if whole, err := k.pull(); err != nil || !whole {
		return err
	}
	e.done++
	return e.next(k)
}

// pull reads until the answer is whole, and right, or nothing is left: an end
// behind a part of it has no event of its own.
func (k *echoConn) pull() (whole bool, err error) {
	for k.received < len(k.in) {
		n, err := read(k.fd, k.in[k.received:])
		if n == 0 || err != nil {
			return false, err
		}
		k.received += n
	}
	if !bytes.Equal(k.in, k.out) {
		return false, ErrWrong
	}
	return true, nil
}

// unasked looks at a connection that has nothing to say.
func (e *Echo) unasked(k *echoConn) error {
	var p [1]byte
	n, err := read(k.fd, p[:])
	return errors.Join(extra(n), err)
}

// Close ends all connections.
func (e *Echo) Close() (err error) {
	for _, k := range e.conns {
		err = errors.Join(err, unix.Close(k.fd))
	}
	return errors.Join(err, e.set.close())
}

// stock makes requests: slices of random bytes, each with a stamp at both ends,
// so that no two are the same.
type stock struct {
	size  int
	line  int // the length of a line; 0 without lines
	seed  uint64
	bytes []byte
}

func newStock(size int, seed uint64) *stock {
	s := &stock{size: size, seed: seed, bytes: make([]byte, 2*size+8)}
	for i := 0; i+8 <= len(s.bytes); i += 8 {
		binary.LittleEndian.PutUint64(s.bytes[i:], s.stamp())
	}
	return s
}

func (s *stock) stamp() uint64 {
	s.seed += 0x9e3779b97f4a7c15
	x := (s.seed ^ s.seed>>30) * 0xbf58476d1ce4e5b9
	return x ^ x>>27
}

// fill makes the next request. Its first byte is never Command.
func (s *stock) fill(p []byte) {
	x := s.stamp()
	copy(p, s.bytes[x%uint64(s.size+1):])
	if len(p) >= 8 {
		binary.LittleEndian.PutUint64(p[len(p)-8:], x)
		binary.LittleEndian.PutUint64(p, s.stamp())
		p[0] &^= 0x80
		s.breakLines(p)
	}
}

// breakLines ends each line of a request, and makes sure that nothing else does.
func (s *stock) breakLines(p []byte) {
	if s.line == 0 {
		return
	}
	unbreak(p[:8])
	unbreak(p[len(p)-8:])
	for end := s.line; end <= len(p); end += s.line {
		p[end-1] = '\n'
	}
}

// unbreak puts other bytes in the place of newlines.
func unbreak(p []byte) {
	for i, c := range p {
		if c == '\n' {
			p[i] = '.'
		}
	}
}
