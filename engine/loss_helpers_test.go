//go:build unix

package engine_test

import (
	"encoding/binary"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
	"github.com/shardloop/shardloop/internal/emulator"
)

// source is a stream of bytes without end, which its seed decides, and the tally
// of what was taken from it.
type source struct {
	tally
	rnd *rand.ChaCha8
}

func newSource(seed uint64) *source {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	return &source{rnd: rand.NewChaCha8(key)}
}

// next takes n bytes.
func (s *source) next(n int) []byte {
	p := make([]byte, n)
	_, _ = s.rnd.Read(p) // never fails
	s.add(p)
	return p
}

// seedVariable repeats a random test with the seed that it has logged.
const seedVariable = "SHARDLOOP_TEST_SEED"

// seeded is a random generator whose seed is in the log.
func seeded(t testing.TB) *rand.Rand {
	t.Helper()
	seed, err := strconv.ParseUint(os.Getenv(seedVariable), 10, 64)
	if err != nil {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("repeat with %s=%d", seedVariable, seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// underRace tells whether the race detector is on, which makes all of it slow.
func underRace() bool {
	info, _ := debug.ReadBuildInfo()
	for _, s := range info.Settings {
		if s.Key == "-race" {
			return s.Value == "true"
		}
	}
	return false
}

// scaled is how many of n to take where all of them would take too long.
func scaled(n, few int) int {
	if testing.Short() || underRace() {
		return few
	}
	return n
}

// Kinds of pairs of connected sockets.
const (
	overUnixPair = "unix"
	overTCPPair  = "tcp"
)

// onPairs runs fn with each kind of pair.
func onPairs(t *testing.T, fn func(t *testing.T, kind string)) {
	for _, kind := range []string{overUnixPair, overTCPPair} {
		t.Run(kind, func(t *testing.T) { fn(t, kind) })
	}
}

// pairOf makes two sockets that are connected to each other.
func pairOf(t testing.TB, kind string) (a, b *engine.Socket) {
	t.Helper()
	if kind == overUnixPair {
		a, b, err := engine.SocketPair(engine.AFUnix, engine.SockStream, 0)
		must(t, err)
		return a, b
	}
	server, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer server.Close()
	c, err := net.Dial("tcp", server.Addr().String())
	must(t, err)
	d, err := server.Accept()
	must(t, err)
	return socketOf(t, c), socketOf(t, d)
}

// socketOf is a socket in place of a connection of package net.
func socketOf(t testing.TB, c net.Conn) *engine.Socket {
	t.Helper()
	defer c.Close()
	s, err := engine.SocketFrom(c.(*net.TCPConn))
	must(t, err)
	return s
}

// farEnd is the other end of a transport.
func farEnd(t testing.TB, s *engine.Socket) *wireEnd {
	t.Cleanup(func() { must(t, s.Close()) })
	return &wireEnd{t: t, s: s}
}

// joined makes a transport over a pair of a kind, and its other end.
func joined(t testing.TB, l *engine.Loop, kind string, p engine.Protocol) (engine.Transport, *wireEnd) {
	t.Helper()
	a, b := pairOf(t, kind)
	return transportOn(t, l, p, a), farEnd(t, b)
}

// endOf reads at the far end to the end, while the loop turns.
func endOf(l *engine.Loop, far *wireEnd, w *wireTap) {
	far.t.Helper()
	untilSo(far.t, l, func() bool { far.read(); return w.over && (far.ended || far.err != nil) })
}

// writeSome sends what fits of p to somebody who may be gone.
func writeSome(f *wireEnd, p []byte) error {
	_, err := syscall.Write(f.s.Fd(), p)
	return err
}

// lossVariable tells a child process what its test is to do.
const lossVariable = "SHARDLOOP_TEST_LOSS"

// lossChild is the test binary as a program that runs one test, which finds the
// words in lossVariable.
func lossChild(test, words string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], "-test.run=^"+test+"$", "-test.timeout=3m")
	cmd.Env = append(os.Environ(), lossVariable+"="+words)
	return cmd
}

// runLossChild runs a test as a child process, which has to print done.
func runLossChild(t *testing.T, test string) {
	t.Helper()
	emulator.SkipChildren(t)
	out, err := lossChild(test, "child").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "done\n") {
		t.Errorf("the child ended with %v:\n%s", err, out)
	}
}
