package engine_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/shardloop/shardloop/engine"
	"github.com/shardloop/shardloop/poller/simpoll"
)

var update = flag.Bool("update", false, "write the output of the scripts to testdata, and the programs to docs")

// A script is a story in comments, programs of tasks, callbacks and generators,
// a line of four dashes, and the trace of the task main on a simulated clock.
// Each line of the trace has the number of a turn, the time in milliseconds, and
// what happened in that turn, in order. A turn that waited in vain is no turn.
// Scripts of sockets have more words and no times; see wireWorld.
//
//	task NAME { ... }    call NAME { ... }    gen NAME { ... }
//
// Statements end with a line or a semicolon. Those of tasks and generators:
//
//	sleep T              await X             wait_for X T
//	timeout T { ... }    repeat N { ... }    defer { ... }   at the end, in any case
//	next G               for G { ... }       close G         generators
//	return V             raise E             yield V
//	try STATEMENT        tells its error and goes on
//
// And those that do not wait, which callbacks have too:
//
//	log W                tell W              future F        a future
//	set F V              its result          fail F E        or its error
//	spawn P [X]          a task X of P       eager P [X]     an eager one
//	cancel X             ask for the end     uncancel X      withdraw that
//	gather G X...        a Gather            collect G X...  a GatherResults
//	shield S X           a Shield            done X C        a done callback
//	soon C               CallSoon            later T C       CallLater
//	state X              whether it is done  cancelling X    how many requests stand
//
// A trace says NAME:W for what was told, NAME=V for a value that a wait returned,
// and NAME!E for an error, of a try or of the task as a whole.
type script struct {
	t        *testing.T
	loop     *engine.Loop
	clock    *simpoll.Poller // nil where the time is the system's, and not told
	programs map[string]statement
	named    map[string]subject
	gens     map[string]*engine.AsyncGen[string]
	wires    wireWorld

	out    strings.Builder
	turn   int
	told   int  // the last turn of out
	waited bool // the present turn began with a wait
}

// statement is a line of a program, and the block behind it.
type statement struct {
	words []string
	block []statement
}

// parse reads statements up to the end of the block.
func parse(words *[]string) (out []statement) {
	var s statement
	flush := func() {
		if len(s.words) > 0 {
			out = append(out, s)
		}
		s = statement{}
	}
	for len(*words) > 0 {
		w := (*words)[0]
		*words = (*words)[1:]
		switch w {
		case ";":
			flush()
		case "{":
			s.block = parse(words)
			flush()
		case "}":
			flush()
			return out
		default:
			s.words = append(s.words, w)
		}
	}
	flush()
	return out
}

// words are those of a text without its comments.
func words(text string) []string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		code, _, _ := strings.Cut(line, "#")
		b.WriteString(code + " ; ")
	}
	return strings.Fields(strings.NewReplacer("{", " { ", "}", " } ", ";", " ; ").Replace(b.String()))
}

// log tells an event in the present turn.
func (s *script) log(event string) {
	s.settle()
	if s.mode("order") {
		s.out.WriteString(event + "\n")
		return
	}
	if s.told != s.turn {
		s.told = s.turn
		s.out.WriteString("\n" + s.stamp())
	}
	s.out.WriteString(" " + event)
}

// mode reports whether a script has a program of this name.
func (s *script) mode(name string) bool {
	_, ok := s.programs[name]
	return ok
}

// stamp begins the line of a turn.
func (s *script) stamp() string {
	if s.clock == nil {
		return fmt.Sprintf("%d:", s.turn)
	}
	return fmt.Sprintf("%d@%d:", s.turn, s.clock.Now()/1e6)
}

// settle counts a turn that began with a wait, because something came of it.
func (s *script) settle() {
	if s.waited {
		s.turn++
		s.waited = false
	}
}

// newScript reads a script. It has no loop yet.
func newScript(t *testing.T, text string) *script {
	s := &script{
		t: t, programs: map[string]statement{}, named: map[string]subject{},
		gens: map[string]*engine.AsyncGen[string]{}, wires: newWireWorld(),
	}
	tokens := words(text)
	for _, p := range parse(&tokens) {
		s.programs[p.words[len(p.words)-1]] = p
	}
	return s
}

// play runs a script and returns its trace.
func play(t *testing.T, text string) string {
	s := newScript(t, text)
	s.clock = simpoll.New()
	counted := &countedTurns{s.clock, s}
	s.loop = newLoop(t, engine.Config{Poller: counted})
	s.loop.SetExceptionHandler(func(*engine.Loop, engine.ErrorContext) {})
	s.main()
	return s.trace()
}

// main runs the task main to its end.
func (s *script) main() {
	_, _ = engine.RunUntilDone(s.loop, s.spawn("main", "main", engine.TaskOptions{})) // the error is in the trace
}

func (s *script) trace() string { return strings.TrimSpace(s.out.String()) + "\n" }

// TestScripts plays every script.
func TestScripts(t *testing.T) { playAll(t, "testdata/*.txt", play, *update) }

// playAll plays the scripts of a pattern, and has their traces written anew, or
// compares them.
func playAll(t *testing.T, pattern string, play func(*testing.T, string) string, write bool) {
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	slices.Sort(files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { playFile(t, file, play, write) })
	}
}

func playFile(t *testing.T, file string, play func(*testing.T, string) string, write bool) {
	data, err := os.ReadFile(file)
	must(t, err)
	text, want, ok := strings.Cut(string(data), "----\n")
	if !ok && !write {
		t.Fatalf("%s has no trace", file)
	}
	got := play(t, text)
	if write {
		must(t, os.WriteFile(file, []byte(text+"----\n"+got), 0o644))
		return
	}
	if want = traceHere(want); got != want {
		t.Errorf("%s\ngot:\n%s\nwant:\n%s", file, got, want)
	}
}

// traceHere is the last of a script's traces. The first is that of CPython; a second
// one, behind four dashes and the reason, is what differs here on purpose.
func traceHere(traces string) string {
	if _, second, ok := strings.Cut(traces, "\n---- "); ok {
		_, traces, _ = strings.Cut(second, "\n")
	}
	return traces
}
