//go:build unix

package dgram

import (
	"fmt"
	"runtime"
	"slices"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/buffers"
	"github.com/shardloop/shardloop/engine/internal/reactor"
	"github.com/shardloop/shardloop/engine/internal/sock"
	"github.com/shardloop/shardloop/poller"
)

// world is a reactor whose turns a test calls one by one, with endpoints on it.
type world struct {
	t      testing.TB
	r      *reactor.Reactor
	sh     *Shard
	faults []string // what Failed and Panic were told
	full   bool
	eased  []func()
}

// onPollers runs f with each poller of the platform.
func onPollers(t *testing.T, f func(t *testing.T, w *world)) {
	for name, makePoller := range map[string]func() (poller.Poller, error){"best": poller.New, "poll": poller.NewPoll} {
		t.Run(name, func(t *testing.T) {
			p, err := makePoller()
			must(t, err)
			f(t, newWorld(t, p))
		})
	}
}

// newWorld makes a world with a Config that is changed by all changes.
func newWorld(t testing.TB, p poller.Poller, changes ...func(*Config)) *world {
	w := &world{t: t}
	r, err := reactor.New(reactor.Config{Poller: p, Fault: w.fault})
	must(t, err)
	w.r = r
	c := Config{
		Failed: func(_ *Endpoint, during string, err error) { w.note(during, err) },
		Panic:  func(_ *Endpoint, during string, v any) { w.note(during, v) },
		Full:   func() bool { return w.full },
		Eased:  func(fn func()) { w.eased = append(w.eased, fn) },
	}
	for _, change := range changes {
		change(&c)
	}
	w.sh = NewShard(r, buffers.NewPool(0), c)
	t.Cleanup(func() { must(t, r.Close()) })
	t.Cleanup(func() {
		if used := w.sh.pool.Used(); used != 0 {
			t.Errorf("%d bytes of blocks were not given back", used)
		}
	})
	return w
}

// simple is a world on the best poller.
func simple(t testing.TB, changes ...func(*Config)) *world {
	p, err := poller.New()
	must(t, err)
	return newWorld(t, p, changes...)
}

func (w *world) note(during string, v any) {
	w.faults = append(w.faults, fmt.Sprintf("%s: %v", during, v))
}

// fault is what the owner of a reactor does with a panic.
func (w *world) fault(f reactor.Fault) {
	if f.Panic == nil || !w.sh.Panicked(fmt.Errorf("%v", f.Panic)) {
		w.t.Errorf("fault: %v", f)
	}
}

// turn runs one turn, with these as callbacks.
func (w *world) turn(calls ...func()) {
	w.t.Helper()
	for _, f := range calls {
		must(w.t, w.r.Soon(func(any) { f() }, nil))
	}
	w.r.Stop()
	must(w.t, w.r.Run())
}

// until runs turns until something is so.
func (w *world) until(so func() bool) {
	for !so() {
		w.turn()
		runtime.Gosched()
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// owner is told of an endpoint's events, and writes them down.
type owner struct {
	Endpoint
	w      *world
	log    []string
	got    []string
	errs   []error
	onData func(p []byte)
	onErr  func(error)
	onLost func()

	onPause, onResume func()
}

func (o *owner) Datagram(p []byte, _ sock.Addr) {
	o.got = append(o.got, string(p))
	o.log = append(o.log, "data")
	if o.onData != nil {
		o.onData(p)
	}
}

func (o *owner) Error(err error) {
	o.errs = append(o.errs, err)
	o.log = append(o.log, "error")
	if o.onErr != nil {
		o.onErr(err)
	}
}

func (o *owner) Pause() {
	o.log = append(o.log, "pause")
	if o.onPause != nil {
		o.onPause()
	}
}

func (o *owner) Resume() {
	o.log = append(o.log, "resume")
	if o.onResume != nil {
		o.onResume()
	}
}

func (o *owner) Lost(err error) {
	o.log = append(o.log, "lost")
	if err != nil {
		o.errs = append(o.errs, err)
	}
	if o.onLost != nil {
		o.onLost()
	}
}

// wants complains unless this is what was told since the last call.
func (o *owner) wants(lines ...string) {
	o.w.t.Helper()
	if !slices.Equal(o.log, lines) {
		o.w.t.Errorf("told %q, want %q", o.log, lines)
	}
	o.log = nil
}

// endpoint makes a started endpoint on a descriptor, which it ends with the test.
func (w *world) endpoint(fd int, o Options) *owner {
	w.t.Helper()
	x := &owner{w: w}
	o.MaxSize = max(o.MaxSize, 1)
	x.Init(w.sh, fd, o, x)
	w.turn(func() { must(w.t, x.Start()) })
	w.turn() // it can be written to, which is news
	w.t.Cleanup(func() { x.Drop() })
	return x
}

var unixKind = sock.Kind{Family: unix.AF_UNIX, Type: unix.SOCK_DGRAM}

// pair makes an endpoint on one of two connected unix sockets, and the other one.
func (w *world) pair() (*owner, int) {
	w.t.Helper()
	fds, err := sock.Pair(unixKind)
	must(w.t, err)
	w.t.Cleanup(func() { _ = syscall.Close(fds[1]) })
	remote, err := sock.Peer(fds[0])
	must(w.t, err)
	return w.endpoint(fds[0], Options{Kind: unixKind, Remote: remote, Connected: true, MaxSize: 1 << 16}), fds[1]
}

var udpKind = sock.Kind{Family: unix.AF_INET, Type: unix.SOCK_DGRAM, Proto: sock.UDP}

// udp makes a socket of the loopback, with its address.
func udp(t testing.TB) (int, sock.Addr) {
	t.Helper()
	fd, err := sock.Open(udpKind)
	must(t, err)
	must(t, sock.Bind(fd, unix.AF_INET, loopback))
	at, err := sock.Name(fd)
	must(t, err)
	return fd, at
}

// scripted is a kernel for sends that does as it is told, and takes what it takes to
// nowhere. Each call uses up one answer; without any left it takes all.
type scripted struct {
	answers []answer
	calls   []string // the sizes of what each call was given
	taken   []string
}

// answer is a number of messages, an error, or one behind the other.
type answer struct {
	n   int
	err error
}

// script makes the sends of a world those of a script.
func (w *world) script(answers ...answer) *scripted {
	k := &scripted{answers: answers}
	w.sh.system.send = k.send
	return k
}

func (k *scripted) send(_ int, list []packet, s sending, out *outbox) (int, error) {
	var counts []int
	for rest := list; len(rest) > 0; rest = rest[counts[len(counts)-1]:] {
		n := 1
		if s.join {
			n = joinable(rest)
		}
		counts = append(counts, n)
	}
	out.first = counts[0]
	k.calls = append(k.calls, fmt.Sprint(counts))
	n, err := len(counts), error(nil)
	if len(k.answers) > 0 {
		n, err = min(n, k.answers[0].n), k.answers[0].err
		k.answers = k.answers[1:]
	}
	total := 0
	for _, c := range counts[:n] {
		total += c
	}
	for _, p := range list[:total] {
		k.taken = append(k.taken, string(p.data))
	}
	return total, err
}

// event comes in the next turn.
func (o *owner) event(ready poller.Ready) { o.shard.reactor.Again(o.token, ready) }

// sends sends, each text in a datagram, to the remote side.
func (o *owner) sends(texts ...string) {
	o.w.t.Helper()
	for _, text := range texts {
		must(o.w.t, o.Send([]byte(text), sock.Addr{}))
	}
}

func wantTexts(t testing.TB, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// spoiled makes the next receive of a world fail, behind the messages that there are.
func (w *world) spoiled(err error) {
	w.sh.system.receive = func(fd int, in *inbox) (int, error) {
		w.sh.system.receive = kernel.receive
		n, _ := kernel.receive(fd, in)
		return n, err
	}
}

// write sends from the far end, each text in a datagram.
func write(t testing.TB, fd int, texts ...string) {
	t.Helper()
	for _, text := range texts {
		_, err := syscall.Write(fd, []byte(text))
		must(t, err)
	}
}
