//go:build unix

package engine_test

import (
	"io"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// TestStatsOfTransports: the counters of a loop's transports are those of what
// happened, on any goroutine.
func TestStatsOfTransports(t *testing.T) {
	l := newLoop(t)
	var transport engine.Transport
	s := serveHere(t, l, func() engine.Protocol {
		p := &served{made: func(tr engine.Transport) { transport = tr }}
		p.data = func(b []byte) { _, _ = transport.Write(b) }
		return p
	}, engine.ServerOptions{Port: 0})
	at, err := s.Sockets()[0].LocalAddr()
	must(t, err)
	c := client(t, at)
	_, err = io.WriteString(c, "question")
	must(t, err)
	for l.Stats().BytesSent < 8 {
		turn(t, l)
	}
	_, err = transport.Write(make([]byte, 8<<20)) // more than the kernel takes
	must(t, err)
	turn(t, l)
	stats := l.Stats()
	if stats.Connections != 1 || stats.BytesReceived != 8 || stats.Reads == 0 || stats.Writes < 3 {
		t.Errorf("open: %+v", stats)
	}
	if stats.Buffered == 0 || stats.BytesSent+uint64(stats.Buffered) < 8+8<<20 {
		t.Errorf("blocked: %d bytes are sent, %d buffered", stats.BytesSent, stats.Buffered)
	}
	transport.Close()
	_, err = transport.Write([]byte("x"))
	wantErr(t, "Write", err, engine.ErrTransportClosing)
	read := make(chan int64)
	go func() { n, _ := io.Copy(io.Discard, c); c.Close(); read <- n }()
	for s.Stats().Active > 0 {
		turn(t, l)
	}
	stats = l.Stats()
	if n := <-read; n != 8+8<<20 || stats.BytesSent != uint64(n) || stats.LateWrites != 1 {
		t.Errorf("closed: %d bytes were read; %+v", n, stats)
	}
	if stats.Connections != 0 || stats.Buffered != 0 {
		t.Errorf("closed: %+v", stats)
	}
}
