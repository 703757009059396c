package engine

import (
	"os"
	"os/signal"
	"sync"
)

// signalBuffer is how many deliveries of one signal may wait for the loop. The
// runtime itself merges deliveries that come faster than it can note them.
const signalBuffer = 64

// signalOwner is a loop's claim on a signal: one goroutine that carries
// deliveries to the loop.
//
//	kernel -> os/signal -> deliveries -> carry -> mailbox -> handle
type signalOwner struct {
	loop       *Loop
	sig        os.Signal
	handle     *Handle // replaced on the loop, under the lock of signalOwners
	deliveries chan os.Signal
	gone       chan struct{}
}

// signalOwners holds who owns each signal of the process. A second loop takes a
// signal over.
var signalOwners = struct {
	mu    sync.Mutex
	table map[os.Signal]*signalOwner // guarded by mu
}{table: map[os.Signal]*signalOwner{}}

// signalSet are the signals that a loop has claimed. It is guarded by the lock
// of signalOwners.
type signalSet map[os.Signal]*signalOwner

// AddSignalHandler calls fn on the loop for each delivery of sig that the
// process sees, in place of the handler that sig had, also that of another loop:
// add_signal_handler. fn runs as a normal callback, in the context of the
// caller. Deliveries of one signal keep their order; different signals that come
// at the same time may be handled in any order. It fails with an *ArgError for a
// signal that does not exist or cannot be caught, or for a nil fn, with
// ErrLoopClosed, and with ErrUnsupported where the system has no signals. Loop only.
func (l *Loop) AddSignalHandler(sig os.Signal, fn func()) error {
	if err := checkSignal(sig); err != nil {
		return err
	}
	if err := l.check(fn); err != nil {
		return err
	}
	if err := l.r.Refused(); err != nil {
		return err
	}
	h := l.newHandle(l.ctx, fn)
	if l.replaceSignal(sig, h) {
		return nil
	}
	o := &signalOwner{loop: l, sig: sig, handle: h, deliveries: make(chan os.Signal, signalBuffer), gone: make(chan struct{})}
	signal.Notify(o.deliveries, sig)
	go o.carry()
	o.claim()
	return nil
}

// replaceSignal gives a signal that the loop owns to another handle. What is on
// its way to the loop runs the new one: no delivery is lost.
func (l *Loop) replaceSignal(sig os.Signal, h *Handle) bool {
	signalOwners.mu.Lock()
	defer signalOwners.mu.Unlock()
	o := l.signals[sig]
	if o != nil {
		o.handle = h
	}
	return o != nil
}

// claim makes o the owner of its signal and ends the one before.
func (o *signalOwner) claim() {
	signalOwners.mu.Lock()
	before := signalOwners.table[o.sig]
	signalOwners.table[o.sig] = o
	if o.loop.signals == nil {
		o.loop.signals = signalSet{}
	}
	if before != nil {
		delete(before.loop.signals, o.sig)
	}
	o.loop.signals[o.sig] = o
	signalOwners.mu.Unlock()
	if before != nil {
		before.end()
	}
}

// carry posts deliveries to the loop.
func (o *signalOwner) carry() {
	defer close(o.gone)
	for range o.deliveries {
		_ = o.loop.r.Post(runSignal, o) // a closed loop has no handlers
	}
}

func runSignal(arg any) { runAgain(arg.(*signalOwner).handle) }

// end stops the deliveries. What is on its way does not run any more. The
// signal's default action is back when nobody else in the process wants it.
func (o *signalOwner) end() {
	signal.Stop(o.deliveries)
	close(o.deliveries)
	<-o.gone
	o.handle.state.Store(handleCancelled) // not Cancel: its callback may be running
}

// RemoveSignalHandler ends what AddSignalHandler began and reports whether this
// loop had a handler: remove_signal_handler. The signal gets its default action
// back. It fails with an *ArgError as AddSignalHandler does. Loop only.
func (l *Loop) RemoveSignalHandler(sig os.Signal) (bool, error) {
	if err := checkSignal(sig); err != nil {
		return false, err
	}
	if err := l.checkGoroutine(); err != nil {
		return false, err
	}
	signalOwners.mu.Lock()
	o := l.signals[sig]
	if o != nil {
		delete(l.signals, sig)
		delete(signalOwners.table, sig)
	}
	signalOwners.mu.Unlock()
	if o == nil {
		return false, nil
	}
	o.end()
	return true, nil
}

// closeSignals ends all of the loop's handlers.
func (l *Loop) closeSignals() {
	signalOwners.mu.Lock()
	owners := make([]*signalOwner, 0, len(l.signals))
	for sig, o := range l.signals {
		owners = append(owners, o)
		delete(signalOwners.table, sig)
	}
	l.signals = nil
	signalOwners.mu.Unlock()
	for _, o := range owners {
		o.end()
	}
}
