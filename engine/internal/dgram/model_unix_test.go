//go:build unix

package dgram

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine/internal/sock"
	"github.com/shardloop/shardloop/poller"
)

// seedVariable repeats a random test with the seed that it has logged.
const seedVariable = "SHARDLOOP_TEST_SEED"

func seeded(t testing.TB) *rand.Rand {
	t.Helper()
	seed, err := strconv.ParseUint(os.Getenv(seedVariable), 10, 64)
	if err != nil {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("repeat with %s=%d", seedVariable, seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// moody is the real kernel of a pair, but that it interrupts, refuses, takes and
// brings less than it could, and rejects datagrams that say so.
type moody struct {
	rnd  *rand.Rand
	o    *owner
	hits map[string]int
}

// is tells whether to do something now, every fourth time.
func (m *moody) is(what string) bool {
	if m.rnd.IntN(4) > 0 {
		return false
	}
	m.hits[what]++
	return true
}

func (m *moody) receive(fd int, in *inbox) (int, error) {
	switch {
	case m.is("receive EINTR"):
		return 0, syscall.EINTR
	case m.is("receive fails"):
		return 0, syscall.EHOSTUNREACH
	case m.is("an error behind"):
		n, err := kernel.receive(fd, in)
		if err == nil {
			err = syscall.ECONNRESET
		}
		return n, err
	}
	return kernel.receive(fd, in)
}

const bad = "bad"

func (m *moody) send(fd int, list []packet, s sending, out *outbox) (int, error) {
	good := 0
	for good < len(list) && string(list[good].data[:min(3, len(list[good].data))]) != bad {
		good++
	}
	out.first = 1
	switch {
	case m.is("send EINTR"):
		return 0, syscall.EINTR
	case m.is("send EAGAIN"):
		m.o.event(poller.Writable)
		return 0, syscall.EAGAIN
	case good == 0:
		m.hits["send fails"]++
		return 0, syscall.EMSGSIZE
	case m.is("send less"):
		good = 1 + m.rnd.IntN(good)
	}
	return kernel.send(fd, list[:good], s, out)
}

// model is what an endpoint should have done.
type model struct {
	accepted []string // that can be sent
	rejected int
	arriving []string
	paused   bool
}

// TestModel runs an endpoint against a peer that reads now and then, by random
// steps, and wants everything to be there once and in order, in both directions.
func TestModel(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		rnd := seeded(t)
		o, far := w.pair()
		m := &moody{rnd: rnd, o: o, hits: map[string]int{}}
		w.sh.system.receive, w.sh.system.send = m.receive, m.send
		want := &model{}
		var sent []string
		w.steps(o, far, rnd, want, &sent)
		o.Close()
		w.until(func() bool { sent = append(sent, drain(t, far)...); return o.Fd() < 0 })
		sent = append(sent, drain(t, far)...)
		wantTexts(t, "sent", sent, want.accepted...)
		want.check(t, o)
		for _, what := range []string{"receive EINTR", "receive fails", "an error behind", "send EINTR", "send EAGAIN", "send fails", "send less"} {
			equal(t, what, m.hits[what] > 0, true)
		}
	})
}

// steps does random things.
func (w *world) steps(o *owner, far int, rnd *rand.Rand, want *model, sent *[]string) {
	for i := range 4000 {
		switch rnd.IntN(6) {
		case 0, 1:
			w.turn(func() { want.sends(w.t, o, rnd, i) })
		case 2:
			want.sends(w.t, o, rnd, i)
		case 3:
			*sent = append(*sent, drain(w.t, far)...)
		case 4:
			if text := fmt.Sprint("in ", i); trySend(far, text) {
				want.arriving = append(want.arriving, text)
			}
		case 5:
			w.turn()
		}
		if i%500 == 0 {
			o.SetMarks(rnd.IntN(100), 100+rnd.IntN(1000))
		}
	}
	w.until(func() bool { *sent = append(*sent, drain(w.t, far)...); return len(o.got) == len(want.arriving) })
}

// sends sends some datagrams, one of which may be one that the kernel rejects.
func (m *model) sends(t testing.TB, o *owner, rnd *rand.Rand, i int) {
	for j := range rnd.IntN(5) {
		text := fmt.Sprintf("out %d %d %0*d", i, j, rnd.IntN(300), 0)
		if rnd.IntN(20) == 0 {
			text = bad
			m.rejected++
		} else {
			m.accepted = append(m.accepted, text)
		}
		must(t, o.Send([]byte(text), sock.Addr{}))
	}
}

// check compares what was told and counted.
func (m *model) check(t *testing.T, o *owner) {
	t.Helper()
	wantTexts(t, "received", o.got, m.arriving...)
	stats := o.w.sh.Stats()
	equal(t, "sent", int(stats.Sent), len(m.accepted))
	equal(t, "rejected", int(stats.SendErrors), m.rejected)
	equal(t, "dropped", stats.Unsent, 0)
	equal(t, "errors", len(o.errs), m.rejected+int(stats.ReceiveErrors))
	for i, line := range o.log {
		switch {
		case line == "pause":
			equal(t, "paused", m.paused, false)
			m.paused = true
		case line == "resume":
			equal(t, "paused", m.paused, true)
			m.paused = false
		case line == "lost":
			equal(t, "the last", i, len(o.log)-1)
		}
	}
	equal(t, "paused in the end", m.paused, false)
}

// drain reads what has come to a bare socket.
func drain(t testing.TB, fd int) (texts []string) {
	t.Helper()
	buf := make([]byte, 1<<16)
	for {
		n, err := syscall.Read(fd, buf)
		switch err {
		case nil:
			texts = append(texts, string(buf[:n]))
		case syscall.EAGAIN:
			return texts
		case syscall.EINTR:
		default:
			must(t, err)
		}
	}
}

func trySend(fd int, text string) bool {
	_, err := syscall.Write(fd, []byte(text))
	return err == nil
}
