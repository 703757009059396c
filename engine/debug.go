package engine

import (
	"fmt"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"time"
)

const (
	// debugVariable turns debug mode on when it is neither empty nor 0. Python's
	// PYTHONASYNCIODEBUG is not read.
	debugVariable = "SHARDLOOPDEBUG"

	// defaultSlowCallback is asyncio's slow_callback_duration.
	defaultSlowCallback = 100 * time.Millisecond

	// debugStackDepth is asyncio's DEBUG_STACK_DEPTH.
	debugStackDepth = 10
)

func debugWanted(value string) bool { return value != "" && value != "0" }

// Debug reports whether debug mode is on: get_debug. It is off by default, and
// on from the start with Config.Debug or with SHARDLOOPDEBUG set to something
// else than 0. Any goroutine.
func (l *Loop) Debug() bool { return l.debug.Load() }

// SetDebug turns debug mode on or off, also during a run: set_debug. In debug
// mode loop-only methods of the loop that return an error fail with
// ErrWrongThread on a foreign goroutine, those that return a handle panic with
// what is wrong, slow callbacks are logged, and handles remember where they were
// made. The same goes for transports, whose methods that return nothing panic. Any
// goroutine.
func (l *Loop) SetDebug(on bool) { l.debug.Store(on) }

// SlowCallbackDuration is how long a callback may take before debug mode logs
// it, 100 ms by default: slow_callback_duration. Any goroutine.
func (l *Loop) SlowCallbackDuration() time.Duration { return time.Duration(l.slow.Load()) }

// SetSlowCallbackDuration sets SlowCallbackDuration. Any goroutine.
func (l *Loop) SetSlowCallbackDuration(d time.Duration) { l.slow.Store(int64(d)) }

// checkFunc refuses a missing callback.
func checkFunc(missing bool) error {
	if missing {
		return badArg("fn", "must not be nil")
	}
	return nil
}

// check checks a loop-only call that schedules fn.
func (l *Loop) check(fn func()) error {
	if err := checkFunc(fn == nil); err != nil {
		return err
	}
	return l.checkGoroutine()
}

func (l *Loop) checkArg(fn func(any)) error {
	if err := checkFunc(fn == nil); err != nil {
		return err
	}
	return l.checkGoroutine()
}

// checkGoroutine finds, in debug mode, a loop-only call on a foreign goroutine.
// A loop that does not run may be used on any.
func (l *Loop) checkGoroutine() error {
	if l.debug.Load() {
		return l.checkGoroutineDebug()
	}
	return nil
}

func (l *Loop) checkGoroutineDebug() error {
	if l.r.Running() && !l.onLoop() {
		return ErrWrongThread
	}
	return nil
}

// stack is where something was made, in debug mode; nil otherwise.
type stack []uintptr

// callers is the stack of the innermost caller outside of this package.
func callers() stack {
	pcs := make([]uintptr, debugStackDepth+6) // six frames of ours at most
	pcs = pcs[:runtime.Callers(3, pcs)]
	for len(pcs) > 1 && ours(pcs[0]) {
		pcs = pcs[1:]
	}
	return pcs[:min(len(pcs), debugStackDepth)]
}

// ours reports whether pc lies in this package.
func ours(pc uintptr) bool {
	f, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	return strings.HasPrefix(f.Function, ourFunctions)
}

var ourFunctions = reflect.TypeFor[Loop]().PkgPath() + "."

// first is the place that made it.
func (s stack) first() (f runtime.Frame, ok bool) {
	if len(s) == 0 {
		return f, false
	}
	f, _ = runtime.CallersFrames(s).Next()
	return f, true
}

// note is the place that made it, to be added to a message; empty outside of
// debug mode.
func (s stack) note() string {
	f, ok := s.first()
	if !ok {
		return ""
	}
	return fmt.Sprintf(" created at %s:%d", f.File, f.Line)
}

// String has a line for each frame, innermost first.
func (s stack) String() string {
	var b strings.Builder
	for frames, more := runtime.CallersFrames(s), len(s) > 0; more; {
		var f runtime.Frame
		f, more = frames.Next()
		fmt.Fprintf(&b, "  %s\n    %s:%d\n", f.Function, f.File, f.Line)
	}
	return b.String()
}

// describeFunc is the name and the source of a function.
func describeFunc(fn any) string {
	f := runtime.FuncForPC(reflect.ValueOf(fn).Pointer())
	if f == nil {
		return "unknown function"
	}
	file, line := f.FileLine(f.Entry())
	return fmt.Sprintf("%s() at %s:%d", f.Name(), filepath.Base(file), line)
}
