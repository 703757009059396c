package engine

import (
	"os"
	"os/signal"
)

// signalBuffer is how many deliveries of one signal may wait for the loop. The
// runtime itself merges deliveries that come faster than it can note them.
const signalBuffer = 64

// signalOwner is a loop's claim on a signal.
type signalOwner struct {
	loop       *Loop
	sig        os.Signal
	handle     *Handle // replaced on the loop, under the lock of signalDesk
	deliveries chan os.Signal
}

// signalSet are the signals that a loop has claimed. It is guarded by the lock
// of signalDesk.
type signalSet map[os.Signal]*signalOwner

// AddSignalHandler calls fn on the loop for each delivery of sig that the
// process sees, in place of the handler that sig had, also that of another loop:
// add_signal_handler. fn runs as a normal callback, in the context of the
// caller. Signals are handled in the order in which they come; of those that come
// at the same time the lower number is first. It fails with an *ArgError for a
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
	o := &signalOwner{loop: l, sig: sig, handle: h, deliveries: make(chan os.Signal, signalBuffer)}
	signal.Notify(o.deliveries, sig)
	o.claim()
	return nil
}

// replaceSignal gives a signal that the loop owns to another handle. What is on
// its way to the loop runs the new one: no delivery is lost.
func (l *Loop) replaceSignal(sig os.Signal, h *Handle) bool {
	signalDesk.mu.Lock()
	defer signalDesk.mu.Unlock()
	o := l.signals[sig]
	if o != nil {
		o.handle = h
	}
	return o != nil
}

// claim makes o the owner of its signal and ends the one before.
func (o *signalOwner) claim() {
	signalDesk.mu.Lock()
	before := signalDesk.owners[o.sig]
	signalDesk.owners[o.sig] = o
	if o.loop.signals == nil {
		o.loop.signals = signalSet{}
	}
	if before != nil {
		delete(before.loop.signals, o.sig)
	}
	o.loop.signals[o.sig] = o
	signalDesk.open()
	signalDesk.mu.Unlock()
	if before != nil {
		before.end()
	}
}

func runSignal(arg any) { runAgain(arg.(*signalOwner).handle) }

// end stops the deliveries. What is on its way does not run any more. The
// signal's default action is back when nobody else in the process wants it.
func (o *signalOwner) end() {
	signal.Stop(o.deliveries)
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
	signalDesk.mu.Lock()
	o := l.signals[sig]
	if o != nil {
		delete(l.signals, sig)
		delete(signalDesk.owners, sig)
		signalDesk.tell()
	}
	signalDesk.mu.Unlock()
	if o == nil {
		return false, nil
	}
	o.end()
	return true, nil
}

// closeSignals ends all of the loop's handlers.
func (l *Loop) closeSignals() {
	signalDesk.mu.Lock()
	owners := make([]*signalOwner, 0, len(l.signals))
	for sig, o := range l.signals {
		owners = append(owners, o)
		delete(signalDesk.owners, sig)
	}
	l.signals = nil
	signalDesk.tell()
	signalDesk.mu.Unlock()
	for _, o := range owners {
		o.end()
	}
}
