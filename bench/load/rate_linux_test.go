package load

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

// A server that stalls is late for every request that was due meanwhile, not
// for one: the latency counts from the moment at which a request was due.
func TestRateCountsFromTheIntendedTime(t *testing.T) {
	const n, interval = 50, time.Millisecond
	address := answer(t, func(conn net.Conn) {
		p := make([]byte, n*rateSize)
		io.ReadFull(conn, p) // answers nothing before the last request is there
		conn.Write(p)
		conn.Read(p) // until the client has gone
	})
	var seen []time.Duration
	if err := rate(t, address, 1, interval, 0, n, func(_ int, d time.Duration) { seen = append(seen, d) }); err != nil {
		t.Fatal(err)
	}
	for i, d := range seen {
		if least := time.Duration(n-1-i) * interval; d < least {
			t.Errorf("request %d: %v, but the server answered %v after it was due at the earliest", i, d, least)
		}
	}
	if len(seen) != n {
		t.Errorf("%d latencies of %d", len(seen), n)
	}
}

// Only what follows the warm-up is measured, and that is told.
func TestRateWarmsUp(t *testing.T) {
	seen, first := 0, 0
	count := func(connection int, _ time.Duration) {
		if seen++; connection == 0 {
			first++
		}
	}
	if err := rate(t, echoed(t), 4, time.Microsecond, 20, 100, count); err != nil || seen != 100 || first != 25 {
		t.Errorf("%d of 100 requests were measured, %d on the first of four connections: %v", seen, first, err)
	}
}

// A client that is held up says so.
func TestRateTellsThatItIsBehind(t *testing.T) {
	r, err := NewRate("tcp", echoed(t), 1, 10*time.Microsecond, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	err = r.Run(1, 100, func() error {
		for start := time.Now(); time.Since(start) < 5*time.Millisecond; {
		}
		return nil
	}, func(int, time.Duration) {})
	if err != nil || r.Behind < 90 {
		t.Errorf("%d of 100 requests were late: %v", r.Behind, err)
	}
}

func TestRateChecksAnswers(t *testing.T) {
	more := errors.Join(ErrMore, ErrWrong) // what it is depends on what was asked by then
	for name, c := range map[string]struct {
		spoil func(p []byte) []byte
		want  error
	}{
		"faithful":   {func(p []byte) []byte { return p }, nil},
		"first byte": {func(p []byte) []byte { p[0]++; return p }, ErrWrong},
		"last byte":  {func(p []byte) []byte { p[63]++; return p }, ErrWrong},
		"twice":      {func(p []byte) []byte { return append(p, p...) }, more},
		"end":        {func([]byte) []byte { return nil }, ErrEnd},
	} {
		address := answer(t, func(conn net.Conn) {
			for p := make([]byte, rateSize, 2*rateSize); ; {
				_, err := io.ReadFull(conn, p)
				q := c.spoil(p)
				if err != nil || q == nil {
					return
				}
				conn.Write(q[:10])
				conn.Write(q[10:])
			}
		})
		err := rate(t, address, 2, time.Microsecond, 0, 100, func(int, time.Duration) {})
		if (err == nil) != (c.want == nil) || err != nil && !errors.Is(c.want, err) && !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func rate(t *testing.T, address string, conns int, interval time.Duration, warmup, n int64, seen func(int, time.Duration)) error {
	t.Helper()
	r, err := NewRate("tcp", address, conns, interval, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	told := 0
	err = r.Run(warmup, n, func() error { told++; return nil }, seen)
	if err == nil && told != 1 {
		t.Errorf("the begin was told %d times", told)
	}
	return err
}

// answer serves each connection by a call, and ends it then.
func answer(t *testing.T, serve func(net.Conn)) (address string) {
	t.Helper()
	ln := listen(t)
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				serve(conn)
			}()
		}
	}()
	return ln.Addr().String()
}

// echoed is a server that sends back what it gets.
func echoed(t *testing.T) (address string) {
	return answer(t, func(conn net.Conn) {
		io.Copy(struct{ io.Writer }{conn}, struct{ io.Reader }{conn})
	})
}
