package reactor

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/shardloop/shardloop/poller"
	"github.com/shardloop/shardloop/poller/simpoll"
)

// subject is what a byte script drives: the reactor, or its model. Timers and
// descriptors have small numbers.
type subject interface {
	soon(f func())
	post(f func())
	arm(timer int, when int64, f func())
	disarm(timer int) bool
	watch(fd int, i poller.Interest, f func()) error
	unwatch(fd int, i poller.Interest) bool
	attach(fd int, f func(poller.Ready)) error
	detach(fd int)
	forget(fd int)
	again(fd int)
	rearm(fd int, i poller.Interest)
	flush(f func())
	stop()
	run() error
	turn() int
	onFault(f func())
}

const (
	fuzzTimers      = 4
	fuzzDescriptors = 4
	maxGarbage      = staleLimit / 2 // keeps clear of Rebuild, which has tests of its own
)

// driver lets a subject run a byte script. Every callback logs its name and
// takes its next actions from the script, so both subjects see the same script
// for as long as they call in the same order. When the script has ended, every
// callback stops the loop.
type driver struct {
	s       subject
	sys     *flaky
	text    []byte
	log     []string
	serial  int
	garbage int
}

// flaky is a simulated poller whose next call can be made to go wrong, be it a
// Poll or a Wait.
type flaky struct {
	*simpoll.Poller
	next  simpoll.Fault
	mode  []poller.Mode // of each Wait
	until []int64       // of each Wait
}

func (f *flaky) befall(op simpoll.Op) {
	f.Inject(op, f.next)
	f.next = simpoll.Fault{}
}

func (f *flaky) Poll() ([]poller.Event, error) {
	f.befall(simpoll.OpPoll)
	return f.Poller.Poll()
}

func (f *flaky) Wait(deadline int64, m poller.Mode) ([]poller.Event, error) {
	f.befall(simpoll.OpWait)
	f.mode, f.until = append(f.mode, m), append(f.until, deadline)
	return f.Poller.Wait(deadline, m)
}

func newFlaky(oneShot bool) *flaky {
	f := &flaky{Poller: simpoll.New()}
	if oneShot {
		f.Poller = simpoll.NewOneShot()
	}
	f.Advance(time.Second)
	for range fuzzDescriptors {
		f.Open()
	}
	return f
}

// byte takes the next byte of the script; 0 behind its end.
func (d *driver) byte() byte {
	if len(d.text) == 0 {
		return 0
	}
	b := d.text[0]
	d.text = d.text[1:]
	return b
}

func (d *driver) note(format string, args ...any) {
	d.log = append(d.log, fmt.Sprintf("%d ", d.s.turn())+fmt.Sprintf(format, args...))
}

// callback makes a callback with a name that no other has.
func (d *driver) callback(kind string) func() {
	d.serial++
	name := fmt.Sprintf("%s#%d", kind, d.serial)
	return func() {
		d.note("%s", name)
		d.act()
	}
}

// act does up to three actions of the script.
func (d *driver) act() {
	if len(d.text) == 0 {
		d.s.stop()
		return
	}
	for range 1 + d.byte()%3 {
		d.do(d.byte(), d.byte())
	}
}

func (d *driver) do(op, arg byte) {
	fd := int(arg) % fuzzDescriptors
	switch op % 25 {
	case 0, 1, 2:
		d.s.soon(d.callback("soon"))
	case 3, 4:
		d.s.post(d.callback("post"))
	case 5, 6, 7:
		// From half a millisecond ago to seven milliseconds from now.
		when := d.sys.Now() + int64(arg/fuzzTimers%16-1)*int64(time.Millisecond/2)
		d.s.arm(int(arg)%fuzzTimers, when, d.callback("timer"))
	case 8:
		d.note("disarm %t", d.s.disarm(int(arg)%fuzzTimers))
	case 9, 10:
		d.sys.SetReady(fd, d.ready(arg))
	case 11:
		d.sys.ClearReady(fd, d.ready(arg))
	case 12, 13:
		d.note("reader %s", errno(d.s.watch(fd, poller.In, d.callback("reader"))))
	case 14:
		d.note("writer %s", errno(d.s.watch(fd, poller.Out, d.callback("writer"))))
	case 15:
		d.note("unwatch %t", d.s.unwatch(fd, poller.In))
	case 16:
		d.note("unwatch %t", d.s.unwatch(fd, poller.Out))
	default:
		d.doMore(op, arg, fd)
	}
}

func (d *driver) doMore(op, arg byte, fd int) {
	switch op % 25 {
	case 17:
		call := d.callback("edge")
		d.note("attach %s", errno(d.s.attach(fd, func(r poller.Ready) {
			d.note("ready %b", r)
			call()
		})))
	case 18:
		d.s.detach(fd)
	case 19:
		d.s.again(fd)
	case 20:
		d.s.rearm(fd, poller.In|poller.Out)
	case 21:
		d.s.flush(d.callback("flush"))
	case 22:
		d.trouble(arg)
	case 23:
		d.reopen(fd)
	case 24:
		d.end(arg)
	}
}

func (d *driver) ready(arg byte) poller.Ready {
	return []poller.Ready{poller.Readable, poller.Readable, poller.Writable, poller.HangUp}[arg/fuzzDescriptors%4]
}

// trouble plans what goes wrong with the next poll.
func (d *driver) trouble(arg byte) {
	f := &d.sys.next
	switch arg % 4 {
	case 0:
		f.Early = true
	case 1:
		f.Elapse = time.Duration(arg) * 10 * time.Microsecond
	case 2:
		d.sys.Advance(time.Duration(arg) * 10 * time.Microsecond)
	case 3:
		if d.garbage++; d.garbage < maxGarbage {
			f.Events = append(f.Events, poller.Event{Token: poller.MakeToken(1<<20, 7), Ready: poller.Readable})
		}
	}
}

// reopen closes a descriptor as its owner should and opens another in its
// place, with the same number.
func (d *driver) reopen(fd int) {
	d.s.unwatch(fd, poller.In)
	d.s.unwatch(fd, poller.Out)
	d.s.forget(fd)
	d.sys.CloseFD(fd)
	d.sys.Open()
}

// end panics or stops the loop.
func (d *driver) end(arg byte) {
	if arg%2 == 0 {
		panic("on purpose")
	}
	d.s.stop()
}

func errno(err error) string {
	var e syscall.Errno
	if errors.As(err, &e) {
		return e.Error()
	}
	return fmt.Sprint(err)
}

// play runs a script to its end and returns what happened.
func (d *driver) play(t testing.TB) []string {
	d.s.onFault(func() { d.note("panic") })
	for first := true; first || len(d.text) > 0; first = false {
		d.s.arm(fuzzTimers, d.sys.Now()+int64(time.Hour), func() {
			d.note("end")
			d.s.stop()
		})
		func() {
			defer func() { _ = recover() }()
			d.act()
		}()
		if err := d.s.run(); err != nil {
			t.Fatal(err)
		}
		d.note("-- %d", d.sys.Now())
	}
	return d.log
}

// compare plays a script on both and compares what happened. The turns are
// numbered by those in which something did.
func compare(t testing.TB, script []byte) {
	if len(script) < 2 {
		return
	}
	oneShot, every := script[0]%2 == 1, int(script[1]%8)
	want := play1(t, script[2:], oneShot, func(p poller.Poller) subject { return newModelSubject(p, every) })
	got := play1(t, script[2:], oneShot, func(p poller.Poller) subject { return newReactorSubject(t, p, every) })
	if slices.Equal(got, want) {
		return
	}
	i := 0
	for i < min(len(got), len(want)) && got[i] == want[i] {
		i++
	}
	from := max(i-12, 0)
	t.Fatalf("script %q (one shot %t, PollEvery %d)\nthe model goes on:\n%s\nthe reactor goes on:\n%s",
		script, oneShot, every, strings.Join(want[from:min(i+5, len(want))], "\n"), strings.Join(got[from:min(i+5, len(got))], "\n"))
}

func play1(t testing.TB, text []byte, oneShot bool, open func(poller.Poller) subject) []string {
	d := &driver{sys: newFlaky(oneShot), text: text}
	d.s = open(d.sys)
	return renumber(d.play(t))
}

// renumber counts the turns that have a line.
func renumber(log []string) []string {
	last, n := "", 0
	for i, line := range log {
		turn, what, _ := strings.Cut(line, " ")
		if turn != last {
			last, n = turn, n+1
		}
		log[i] = fmt.Sprintf("%d %s", n, what)
	}
	return log
}

// TestAgainstModel drives the reactor and its model by random scripts.
func TestAgainstModel(t *testing.T) {
	rng := newRand(t)
	for range 1000 {
		script := make([]byte, 2+rng.IntN(400))
		for i := range script {
			script[i] = byte(rng.Uint32())
		}
		compare(t, script)
	}
}

func FuzzReactor(f *testing.F) {
	f.Add([]byte("\x00\x00\x02\x00\x00\x03\x00\x05\x08"))
	f.Add([]byte("\x01\x04\x02\x0c\x00\x09\x00\x17\x00\x02\x18\x00\x15\x00\x13\x01"))
	f.Fuzz(func(t *testing.T, script []byte) { compare(t, script) })
}
