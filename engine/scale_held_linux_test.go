package engine_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
	"github.com/shardloop/shardloop/internal/emulator"
)

// heldSpare is how many descriptors each side keeps for everything else.
const heldSpare = 500

// TestScaleHeld has a server hold as many connections as there are descriptors
// for, answers each of them once, and has them closed. Neither side has a
// descriptor or a goroutine left. The clients are in a child process, and go to
// several addresses, each of which has ports for a part of them.
func TestScaleHeld(t *testing.T) {
	n := scaled(19_000, 2000)
	var limit syscall.Rlimit
	must(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	if limit.Max < uint64(n+heldSpare) {
		t.Skipf("RLIMIT_NOFILE is %d, and %d connections are too many", limit.Max, n)
	}
	before, goroutines := openDescriptors(t), runtime.NumGoroutine()
	t.Run("connections", func(t *testing.T) { testHeld(t, n) })
	isEqual(t, "descriptors", openDescriptors(t), before)
	untilFew(goroutines)
}

func testHeld(t *testing.T, n int) {
	emulator.SkipChildren(t)
	l := servingLoop(t)
	hosts := []string{"127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"}
	s := serve(t, l, echo, engine.ServerOptions{Hosts: hosts, Backlog: 4096})
	words := []string{fmt.Sprint(n)}
	for _, a := range addressesOf(t, l, s) {
		words = append(words, a.String())
	}
	child := lossChild("TestScaleHeldChild", strings.Join(words, " "))
	in, err := child.StdinPipe()
	must(t, err)
	out, err := child.StdoutPipe()
	must(t, err)
	child.Stderr = os.Stderr
	must(t, child.Start())
	lines := bufio.NewReader(out)
	first, _ := lines.ReadString('\n') // an end is told below
	isEqual(t, "the child says", first, "held\n")
	stats := statsOf(t, l, s)
	isEqual(t, "connections", stats.Active, n)
	isEqual(t, "pauses", stats.Pauses, 0)
	must(t, in.Close())
	rest, err := io.ReadAll(lines)
	must(t, err)
	if err := child.Wait(); err != nil || !strings.Contains(string(rest), "done\n") {
		t.Errorf("the child ended with %v:\n%s", err, rest)
	}
	until(t, l, func() bool { return s.Stats().Closed == uint64(n) })
}

// TestScaleHeldChild is the clients; elsewhere it does nothing.
func TestScaleHeldChild(t *testing.T) {
	words := strings.Fields(os.Getenv(lossVariable))
	if len(words) < 2 {
		return
	}
	h := &holder{t: t, addresses: words[1:]}
	_, err := fmt.Sscan(words[0], &h.total)
	must(t, err)
	before := openDescriptors(t)
	t.Run("clients", h.test)
	isEqual(t, "descriptors", openDescriptors(t), before)
	fmt.Println("done")
}

// holder are the clients of one process.
type holder struct {
	t         *testing.T
	loop      *engine.Loop
	addresses []string
	total     int
	begun     int
	answered  int
	lost      int
	changed   *engine.Future[struct{}] // of the counts
	open      []engine.Transport
}

func (h *holder) test(t *testing.T) {
	h.t, h.loop = t, newLoop(t)
	runTask(t, h.loop, func(ctx context.Context) {
		for range 64 {
			must(t, engine.Go(h.loop, h.connect))
		}
		h.wait(ctx, func() bool { return h.answered == h.total })
		fmt.Println("held")
		_, err := io.Copy(io.Discard, os.Stdin) // until the parent has looked
		must(t, err)
		for _, tr := range h.open {
			tr.Close()
		}
		h.wait(ctx, func() bool { return h.lost == h.total })
	})
}

// wait waits until the counts are so.
func (h *holder) wait(ctx context.Context, so func() bool) {
	for !so() {
		h.changed = engine.NewFuture[struct{}](h.loop)
		_, err := engine.Await(ctx, h.changed)
		must(h.t, err)
	}
}

func (h *holder) change() {
	if h.changed != nil && !h.changed.Done() {
		h.changed.SetResult(struct{}{})
	}
}

// connect makes one connection after the other.
func (h *holder) connect(ctx context.Context) error {
	for h.begun < h.total {
		i := h.begun
		h.begun++
		to, err := net.ResolveTCPAddr("tcp", h.addresses[i%len(h.addresses)])
		if err != nil {
			return err
		}
		tr, _, err := h.loop.CreateConnection(ctx, func() engine.Protocol { return h.client(i) }, at(to))
		if err != nil {
			return err
		}
		h.open = append(h.open, tr)
	}
	return nil
}

// client sends a few bytes of its own, and counts when they are back.
func (h *holder) client(i int) engine.Protocol {
	source := newSource(uint64(i))
	var got tally
	return &served{
		made: func(tr engine.Transport) { must(h.t, wrote(tr.Write(source.next(1+i%300)))) },
		data: func(p []byte) {
			got.add(p)
			if got.n >= source.n {
				isEqual(h.t, "answer", got, source.tally)
				h.answered++
				h.change()
			}
		},
		lost: func(err error) {
			isEqual(h.t, "lost with", err, nil)
			h.lost++
			h.change()
		},
	}
}

// untilFew waits for goroutines that were told to end; one that does not end is
// a hang.
func untilFew(n int) {
	for runtime.NumGoroutine() > n {
		runtime.Gosched()
	}
}
