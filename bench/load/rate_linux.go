package load

import (
	"bytes"
	"encoding/binary"
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// rateSize is the size of a request of Rate.
const rateSize = 64

// behindLimit is how late a request may be sent.
const behindLimit = 100 * time.Microsecond

// Rate sends requests at moments that are fixed beforehand, on its connections in
// turn, whatever the server does: to a server that stalls the requests go on, and
// their latency counts from the moment at which each was due. It never sleeps, so
// that it is in time.
type Rate struct {
	set      *set
	conns    []*rateConn
	seed     uint64
	interval time.Duration
	start    time.Time

	sent, done, warmup int64
	seen               func(connection int, latency time.Duration)

	Behind int64 // requests that were sent too late
}

// rateConn is a connection with what is on its way out and in. Its requests are
// answered in order, so that a count says which one an answer is of.
type rateConn struct {
	fd      int
	out, in []byte
	got     int64
}

// NewRate makes the connections; a request is due each interval.
func NewRate(network, address string, connections int, interval time.Duration, seed uint64) (*Rate, error) {
	s, err := newSet()
	r := &Rate{set: s, seed: seed, interval: interval}
	for i := 0; i < connections && err == nil; i++ {
		var fd int
		if fd, err = dial(network, address, i); err == nil {
			r.conns = append(r.conns, &rateConn{fd: fd})
			err = s.add(fd, i)
		}
	}
	return r, err
}

// Run sends warmup and then n requests, and returns when all are answered. It
// calls measured before the first of the n, and seen with the latency of each and
// the number of its connection.
func (r *Rate) Run(warmup, n int64, measured func() error, seen func(connection int, latency time.Duration)) error {
	r.warmup, r.seen = warmup, seen
	r.start = time.Now()
	for r.done < warmup+n {
		for r.sent < warmup+n && time.Since(r.start) >= r.due(r.sent) {
			if r.sent == warmup {
				if err := measured(); err != nil {
					return err
				}
			}
			if err := r.send(); err != nil {
				return err
			}
		}
		if err := r.set.wait(false, r.ready); err != nil {
			return err
		}
	}
	return nil
}

// due is when a request has to be sent, from the start on.
func (r *Rate) due(request int64) time.Duration { return time.Duration(request) * r.interval }

func (r *Rate) send() error {
	if r.sent >= r.warmup && time.Since(r.start) > r.due(r.sent)+behindLimit {
		r.Behind++
	}
	k := r.conns[r.sent%int64(len(r.conns))]
	k.out = r.message(k.out, r.sent)
	r.sent++
	return k.push()
}

func (k *rateConn) push() error {
	if len(k.out) == 0 {
		return nil
	}
	n, err := write(k.fd, k.out)
	k.out = append(k.out[:0], k.out[n:]...)
	return err
}

// message appends the bytes of a request.
func (r *Rate) message(p []byte, request int64) []byte {
	x := r.seed ^ uint64(request)*0x9e3779b97f4a7c15
	for range rateSize / 8 {
		x = (x ^ x>>29) * 0xbf58476d1ce4e5b9
		p = binary.LittleEndian.AppendUint64(p, x)
	}
	return p
}

func (r *Rate) ready(index int) error {
	k := r.conns[index]
	err := k.push()
	var p [4096]byte
	for n := 1; n > 0 && err == nil; {
		if n, err = read(k.fd, p[:]); err == nil {
			k.in = append(k.in, p[:n]...)
			err = r.answers(k, index)
		}
	}
	return err
}

// answers takes the whole answers off what has come.
func (r *Rate) answers(k *rateConn, index int) error {
	now := time.Since(r.start)
	var want [rateSize]byte
	for len(k.in) >= rateSize {
		request := int64(index) + k.got*int64(len(r.conns))
		if request >= r.sent {
			return ErrMore
		}
		if !bytes.Equal(k.in[:rateSize], r.message(want[:0], request)) {
			return ErrWrong
		}
		if request >= r.warmup {
			r.seen(index, now-r.due(request))
		}
		k.got++
		r.done++
		k.in = append(k.in[:0], k.in[rateSize:]...)
	}
	return nil
}

// Close ends all connections.
func (r *Rate) Close() (err error) {
	for _, k := range r.conns {
		err = errors.Join(err, unix.Close(k.fd))
	}
	return errors.Join(err, r.set.close())
}
