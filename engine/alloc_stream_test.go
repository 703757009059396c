//go:build unix && !race

package engine_test

import (
	"context"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// TestAllocationsOfStreams: a request and its answer allocate nothing, whether the
// read waits or not.
func TestAllocationsOfStreams(t *testing.T) {
	t.Setenv("SHARDLOOPDEBUG", "")
	text, separator := []byte("0123456789abcdef\n0123456789abcdef\n"), []byte("f\n")
	for name, read := range map[string]func(context.Context, *engine.StreamReader) ([]byte, error){
		"ReadLine":    func(ctx context.Context, r *engine.StreamReader) ([]byte, error) { return r.ReadLine(ctx) },
		"ReadExactly": func(ctx context.Context, r *engine.StreamReader) ([]byte, error) { return r.ReadExactly(ctx, 17) },
		"ReadUntil":   func(ctx context.Context, r *engine.StreamReader) ([]byte, error) { return r.ReadUntil(ctx, separator) },
		"Read":        func(ctx context.Context, r *engine.StreamReader) ([]byte, error) { return r.Read(ctx, 17) },
	} {
		s := newStream(t, 0)
		inTaskOf(t, s.l, func(ctx context.Context) {
			once := func() {
				writeAll(t, s.far, text)
				for range 2 {
					line, err := read(ctx, s.r)
					must(t, err)
					must(t, wrote(s.w.Write(line)))
					must(t, s.w.Drain(ctx))
				}
				must(t, engine.Sleep(ctx, 0))
				n, err := syscall.Read(s.far.s.Fd(), farScratch)
				if n != len(text) || err != nil {
					t.Fatalf("%s: the answer has %d bytes, %v", name, n, err)
				}
			}
			for range 100 {
				once()
			}
			if n := testing.AllocsPerRun(300, once); n != 0 {
				t.Errorf("%s: %v allocations", name, n)
			}
		})
	}
}

func writeAll(t *testing.T, far *wireEnd, p []byte) {
	if n := far.write(p); n < len(p) {
		t.Fatalf("%d bytes written", n)
	}
}

// TestAllocationsOfConns: a request and its answer over a Conn allocate nothing.
func TestAllocationsOfConns(t *testing.T) {
	t.Setenv("SHARDLOOPDEBUG", "")
	_, c, far := connPair(t)
	text, p := pattern(100), make([]byte, 200)
	once := func() {
		must(t, wrote(c.Write(text)))
		n, err := far.Read(p)
		must(t, err)
		must(t, wrote(far.Write(p[:n])))
		n, err = c.Read(p)
		must(t, err)
		isEqual(t, "came back", n, len(text))
	}
	for range 100 {
		once()
	}
	if n := testing.AllocsPerRun(300, once); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
