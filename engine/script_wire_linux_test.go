package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/engine"
)

// A wireWorld is what scripts of sockets, pipes, servers, streams, signals and
// executors have besides tasks. Their traces, in testdata/wire, are what CPython
// 3.13.0 does on Linux with the same script, turn by turn; where the house differs
// on purpose, a second trace follows and says why. So they are never written anew.
//
// A thing has a name, and words of its own: NAME.VERB ARGUMENTS. Everything that a
// protocol P is told is in the trace as P.EVENT, and runs a program of that name:
//
//	on P.EVENT { ... }    made, data, eof, lost, pause, resume; factory, which is not
//	                      told; get and updated, of a BufferedProtocol;
//	                      datagram and error, of a DatagramProtocol
//
// Such programs, and those of callbacks, have the words that do not wait, and
//
//	raise E              panics
//	keep                 the answer of eof: the transport stays open
//	give N               the answer of get: memory for N bytes
//
// Tasks can wait for an event by "until P.EVENT". A top-level "mode { }" is one of
// handler, which tells what the exception handler is told; order, for a trace that
// has no turns; run, for Run; and forever, for RunForever until main is done.
type wireWorld struct {
	things  map[string]any
	waiters map[string]*engine.Future[string]
}

func newWireWorld() wireWorld {
	return wireWorld{map[string]any{}, map[string]*engine.Future[string]{}}
}

// playWire plays a script of sockets.
func playWire(t *testing.T, text string) string {
	s := newScript(t, text)
	counted := &countedTurns{newSpy(t), s}
	config := engine.Config{Poller: counted}
	if s.mode("run") {
		s.runMain(hosted(t, config))
		return s.trace()
	}
	s.loop = newLoop(t, config)
	s.loop.SetExceptionHandler(s.report)
	if s.mode("forever") {
		s.mainForever()
	} else {
		s.main()
	}
	return s.trace()
}

// TestWireScripts plays every script of sockets.
func TestWireScripts(t *testing.T) { playAll(t, "testdata/wire/*.txt", playWire, false) }

// runMain has Run make the loop.
func (s *script) runMain(c engine.Config) {
	_, err := engine.Run(context.Background(), func(ctx context.Context) (string, error) {
		s.loop, _ = engine.RunningLoop()
		s.loop.SetExceptionHandler(s.report)
		return s.play(ctx, "main", "main")
	}, c)
	s.told = s.turn // no line of its own: the turns that end a loop differ
	if err != nil {
		s.log("run!" + errorName(err))
	} else {
		s.log("run:ok")
	}
	s.log(map[bool]string{true: "closed", false: "open"}[s.loop.IsClosed()])
}

// mainForever runs the loop as often as it is stopped.
func (s *script) mainForever() {
	main := s.spawn("main", "main", engine.TaskOptions{})
	for !main.Done() {
		run(s.t, s.loop)
		s.log("stopped")
	}
}

// report tells what the exception handler is told, and which keys it has.
func (s *script) report(_ *engine.Loop, c engine.ErrorContext) {
	if !s.mode("handler") {
		return
	}
	message := c.Message
	for _, long := range []string{"Exception in callback", "an error occurred during closing"} {
		if strings.HasPrefix(message, long) {
			message = long
		}
	}
	s.log(fmt.Sprintf("handler:%s/%s/%s", strings.ReplaceAll(message, " ", "_"), wireError(c.Err), keysOf(c)))
}

func keysOf(c engine.ErrorContext) string {
	var keys []string
	for _, k := range []struct {
		name string
		is   bool
	}{
		{"future", c.Future != nil}, {"task", c.Task != nil}, {"handle", c.Handle != nil}, {"protocol", c.Protocol != nil},
		{"transport", c.Transport != nil}, {"socket", c.Socket != nil}, {"asyncgen", c.AsyncGen != nil},
	} {
		if k.is {
			keys = append(keys, k.name)
		}
	}
	return strings.Join(keys, ",")
}

// wireNames are the names of errors in a trace.
var wireNames = []struct {
	err  error
	name string
}{
	{engine.ErrWriteAfterEOF, "after-eof"},
	{engine.ErrLoopClosed, "loop-closed"},
	{engine.ErrExecutorShutdown, "executor-shutdown"},
	{engine.ErrConnectionLost, "reset"},
	{engine.ErrInvalidState, "invalid-state"},
	{engine.ErrFdInUse, "in-use"},
	{engine.ErrReadInProgress, "read-in-progress"},
	{engine.ErrServerClosed, "closed"},
	{engine.ErrServing, "already"},
	{engine.ErrStoppedBeforeDone, "stopped"},
	{engine.ErrLoopRunning, "running"},
	{engine.ErrInvalidArgument, "arg"},
}

// wireError is how a trace tells an error.
func wireError(err error) string {
	var errno syscall.Errno
	var partial *engine.IncompleteReadError
	var overrun *engine.LimitOverrunError
	var panicked *engine.PanicError
	switch {
	case err == nil:
		return "none"
	case errors.As(err, &partial):
		return "incomplete:" + wireText(partial.Partial)
	case errors.As(err, &overrun):
		return fmt.Sprint("overrun:", overrun.Consumed)
	case errors.As(err, &panicked):
		return fmt.Sprint(panicked.Value)
	}
	for _, n := range wireNames {
		if errors.Is(err, n.err) {
			return n.name
		}
	}
	if errors.As(err, &errno) {
		return unix.ErrnoName(errno)
	}
	if strings.HasSuffix(err.Error(), "empty buffer") {
		return "empty-buffer"
	}
	return err.Error()
}

// wireText is how a trace tells bytes: a bar is a line's end.
func wireText(p []byte) string {
	if len(p) > 24 {
		return fmt.Sprintf("<%d>", len(p))
	}
	return strings.ReplaceAll(string(p), "\n", "|")
}

// wireBytes are the bytes of a word.
func wireBytes(word string) []byte { return []byte(strings.ReplaceAll(word, "|", "\n")) }
