package bench

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/shardloop/shardloop/bench/floor"
	"golang.org/x/sys/unix"
)

// requestSize is the size of a request and its answer.
const requestSize = 64

// The first byte of a request says what it is.
const (
	request   byte = iota
	markStart      // measured requests follow
	markStop       // they are over
)

// hostServe runs serve on one end of a socket pair whose other end is with a
// client process, until the client is done.
func hostServe(ctx context.Context, t Task, serve func(*responder) error) (Metrics, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socketpair", err)
	}
	far := os.NewFile(uintptr(pair[1]), "client end")
	client, err := t.StartHelper(ctx, far)
	if err := errors.Join(err, far.Close(), unix.SetNonblock(pair[0], true)); err != nil {
		return nil, errors.Join(err, unix.Close(pair[0]))
	}
	r := &responder{fd: pair[0], burners: startBurners(int(t.Param("burners")))}
	err = serve(r)
	r.burners.stop()
	err = errors.Join(err, r.err, unix.Close(pair[0])) // a client that still waits reads the end
	answer, clientErr := client.Answer()
	if err := errors.Join(err, clientErr); err != nil {
		return nil, err
	}
	answer["cpu"] = float64(r.used.Nanoseconds()) / 1e3 / float64(r.requests)
	return answer, nil
}

// responder is the reader callback of every host side.
type responder struct {
	fd       int
	buf      [requestSize]byte
	burners  *burners
	requests int64         // answered since markStart
	used     time.Duration // processor time from markStart to markStop
	done     bool          // the client has gone
	err      error
}

// ready answers one request. A request is written and read whole: it is far
// smaller than a socket's buffer. The calls are raw, as a transport's are: one
// that announced itself would wake the runtime's monitor at each request, which
// costs more than the request and hides what the ways to wait differ in.
func (r *responder) ready() {
	n, err := floor.Read(r.fd, r.buf[:])
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return
	case err != nil || n == 0:
		r.finish(os.NewSyscallError("read", err))
		return
	}
	r.mark(r.buf[0])
	if _, err := floor.Write(r.fd, r.buf[:n]); err != nil {
		r.finish(os.NewSyscallError("write", err))
	}
}

func (r *responder) mark(kind byte) {
	switch kind {
	case request:
		r.requests++
	case markStart:
		r.requests = 0
		r.used = -r.clock()
	case markStop:
		r.used += r.clock()
	}
}

// clock is the processor time of everything but the burners.
func (r *responder) clock() time.Duration {
	d, err := r.burners.others()
	r.err = errors.Join(r.err, err)
	return d
}

func (r *responder) finish(err error) {
	r.done = true
	r.err = errors.Join(r.err, err)
}

// hostClient is the client process: a blocking socket on descriptor 3.
func hostClient(_ context.Context, t Task) (Metrics, error) {
	c := &client{fd: 3, seen: newLatencies(0)}
	for range t.Param("warmup") {
		c.exchange(request)
		c.pause(time.Duration(t.Param("gap_ns")))
	}
	c.exchange(markStart)
	start := time.Now()
	end := start.Add(time.Duration(t.Param("for_ns")))
	for i := int64(0); i < t.Param("requests") && time.Now().Before(end) && c.err == nil; i++ {
		c.pause(time.Until(start.Add(time.Duration(i * t.Param("every_ns")))))
		c.seen.add(c.exchange(request))
		c.pause(time.Duration(t.Param("gap_ns")))
	}
	c.exchange(markStop)
	return c.seen.metrics(), c.err
}

type client struct {
	fd   int
	buf  [requestSize]byte
	seen *latencies
	err  error
}

// exchange sends one request and waits for its answer.
func (c *client) exchange(kind byte) time.Duration {
	c.buf[0] = kind
	start := time.Now()
	c.check(unix.Write(c.fd, c.buf[:]))
	c.check(unix.Read(c.fd, c.buf[:]))
	return time.Since(start)
}

func (c *client) check(n int, err error) {
	if c.err == nil && (err != nil || n != requestSize) {
		c.err = errors.Join(errors.New("exchange cut short"), err)
	}
}

// pause waits out a gap; none for a moment that has passed.
func (c *client) pause(d time.Duration) {
	if d <= 0 || c.err != nil {
		return
	}
	kernelSleep(d)
}
