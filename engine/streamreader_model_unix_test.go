//go:build unix

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

var streamSeed = flag.Uint64("streamseed", 0, "seed of TestStreamModel, 0 for another one each time")

// streamModel reads a text in all ways, and knows what has to come. A view is
// looked at again right before the next read.
type streamModel struct {
	t     *testing.T
	rand  *rand.Rand
	s     *streamEnd
	limit int
	left  []byte // of the text
	view  []byte
	want  []byte // of the view
}

// TestStreamModel sends random lines in random pieces, and reads them at random.
func TestStreamModel(t *testing.T) {
	seed := *streamSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("-streamseed=%d", seed)
	for round := range uint64(12) {
		testStreamModel(t, rand.New(rand.NewPCG(seed, round)))
	}
}

func testStreamModel(t *testing.T, r *rand.Rand) {
	limit := []int{3, 40, 3000, 64 << 10}[r.IntN(4)]
	m := &streamModel{t: t, rand: r, s: newStream(t, limit), limit: limit}
	m.left = randomText(r, 40_000+r.IntN(400_000), limit)
	unsent := m.left
	task := newTask(m.s.l, m.readAll)
	for !task.Done() {
		if n := min(len(unsent), r.IntN(20_000)); n > 0 {
			unsent = unsent[m.s.far.write(unsent[:n]):]
		} else if len(unsent) == 0 {
			_ = m.s.far.s.Shutdown(engine.ShutWR) // again and again
		}
		for range r.IntN(3) {
			turn(t, m.s.l)
		}
	}
	must(t, task.Err())
	isEqual(t, "at the end", m.s.r.AtEOF(), true)
}

// randomText has lines below and above the limit.
func randomText(r *rand.Rand, n, limit int) []byte {
	var b bytes.Buffer
	for b.Len() < n {
		for range r.IntN(min(limit+limit/8+2, 70_000)) {
			b.WriteByte("abcdefg;"[r.IntN(8)])
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}

func (m *streamModel) readAll(ctx context.Context) error {
	for {
		if !bytes.Equal(m.view, m.want) {
			return errors.New("a view has changed before its end")
		}
		if len(m.left) == 0 {
			_, err := m.s.r.Read(ctx, 1)
			if err != io.EOF {
				return fmt.Errorf("the end: %w", err)
			}
			return nil
		}
		if err := m.readOnce(ctx); err != nil {
			return err
		}
		if m.rand.IntN(3) == 0 {
			_ = engine.Sleep(ctx, 0) // while more comes
		}
	}
}

func (m *streamModel) readOnce(ctx context.Context) error {
	r, n := m.s.r, 1+m.rand.IntN(3*m.limit)
	switch m.rand.IntN(5) {
	case 0:
		p, err := r.Read(ctx, n)
		return m.got("Read", p, err, len(p))
	case 1:
		p := make([]byte, n)
		n, err := r.ReadInto(ctx, p)
		return m.got("ReadInto", p[:n], err, n)
	case 2:
		n = min(n, len(m.left))
		p, err := r.ReadExactly(ctx, n)
		return m.got("ReadExactly", p, err, n)
	case 3:
		return m.until(ctx, "ReadUntil", []byte(";\n"), []byte("a"), []byte("g;"))
	}
	return m.until(ctx, "ReadLine", []byte("\n"))
}

// until reads up to the first of separators, none of which lies in another one's
// end.
func (m *streamModel) until(ctx context.Context, how string, separators ...[]byte) error {
	at, end := -1, 0
	for _, s := range separators {
		if i := bytes.Index(m.left, s); i >= 0 && (end == 0 || i+len(s) < end) {
			at, end = i, i+len(s)
		}
	}
	var p []byte
	var err error
	if how == "ReadLine" {
		p, err = m.s.r.ReadLine(ctx)
	} else {
		p, err = m.s.r.ReadUntil(ctx, separators...)
	}
	if at >= 0 && at <= m.limit {
		return m.got(how, p, err, end)
	}
	return m.failed(ctx, how, err, at, end)
}

// failed is a read that has found no separator in time. How much ReadLine has
// dropped the reader knows.
func (m *streamModel) failed(ctx context.Context, how string, err error, at, end int) error {
	var over *engine.LimitOverrunError
	var short *engine.IncompleteReadError
	m.view, m.want = nil, nil
	switch {
	case errors.As(err, &short) && how == "ReadUntil" && at < 0:
		return m.got(how, short.Partial, nil, len(m.left))
	case !errors.As(err, &over) || over.Consumed <= m.limit || over.Found && over.Consumed != at:
		return fmt.Errorf("%s: %w with the separator at %d", how, err, at)
	case how == "ReadLine" && over.Found:
		m.left = m.left[end:]
	case how == "ReadLine":
		m.left = m.left[over.Consumed:]
	default:
		p, err := m.s.r.ReadExactly(ctx, over.Consumed)
		return m.got("the rest", p, err, over.Consumed)
	}
	return nil
}

// got is what a read has returned, of which n bytes must be the next.
func (m *streamModel) got(how string, p []byte, err error, n int) error {
	if err != nil || n == 0 || !bytes.Equal(p, m.left[:n]) {
		return fmt.Errorf("%s of %d bytes: %d bytes, %w", how, n, len(p), err)
	}
	m.view, m.want, m.left = p, m.left[:n], m.left[n:]
	return nil
}
