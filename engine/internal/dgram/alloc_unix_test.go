//go:build unix && !race

package dgram

import (
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/engine/internal/sock"
)

// asker is an owner that answers a number of times.
type asker struct {
	Endpoint
	to     bool // answer by address
	rounds int
	done   func()
}

func (a *asker) Datagram(p []byte, from sock.Addr) {
	if a.rounds--; a.rounds == 0 {
		a.done()
		return
	}
	if !a.to {
		from = sock.Addr{}
	}
	_ = a.Send(p, from)
}

func (a *asker) Error(error) {}
func (a *asker) Pause()      {}
func (a *asker) Resume()     {}
func (a *asker) Lost(error)  {}

// TestAnAnswerAllocatesNothing, over UDP, over unix sockets with names, and where
// the kernel joins datagrams.
func TestAnAnswerAllocatesNothing(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("addresses are allocated by x/sys")
	}
	for name, make := range map[string]func(*testing.T) (int, int, Options){
		"udp": func(t *testing.T) (int, int, Options) {
			a, _ := udp(t)
			b, _ := udp(t)
			return a, b, Options{Kind: udpKind}
		},
		"unix": func(t *testing.T) (int, int, Options) {
			return named(t), named(t), Options{Kind: unixKind}
		},
	} {
		for _, offload := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				a, b, o := make(t)
				o.Offload = offload
				answersAllocateNothing(t, a, b, o)
			})
		}
	}
}

// named is a unix socket with an address.
func named(t *testing.T) int {
	t.Helper()
	fd, err := sock.Open(unixKind)
	must(t, err)
	must(t, sock.Bind(fd, unix.AF_UNIX, sock.UnixAddr(t.TempDir()+"/s")))
	return fd
}

func answersAllocateNothing(t *testing.T, near, far int, o Options) {
	w := simple(t)
	o.MaxSize = 1 << 16
	a, b := &asker{to: true, done: w.r.Stop}, &asker{to: true, rounds: -1}
	a.Init(w.sh, near, o, a)
	b.Init(w.sh, far, o, b)
	w.turn(func() { must(t, a.Start()); must(t, b.Start()) })
	to := b.Local()
	ask := []byte("ping")
	const rounds = 1000
	n := testing.AllocsPerRun(10, func() {
		a.rounds = rounds
		for range 8 {
			_ = a.Send(ask, to)
		}
		must(t, w.r.Run())
		w.turn()
	})
	if n >= rounds/50 { // a run itself has a few
		t.Errorf("%v allocations in %d answers", n, rounds)
	}
	w.turn(a.Abort, b.Abort)
	w.turn()
	_, err := syscall.Getsockname(near)
	equal(t, "is closed", err != nil, true)
}
