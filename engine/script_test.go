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
//
// A trace says NAME:W for what was told, NAME=V for a value that a wait returned,
// and NAME!E for an error, of a try or of the task as a whole.
type script struct {
	t        *testing.T
	loop     *engine.Loop
	clock    *simpoll.Poller
	programs map[string]statement
	named    map[string]subject
	gens     map[string]*engine.AsyncGen[string]

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
	if s.told != s.turn {
		s.told = s.turn
		fmt.Fprintf(&s.out, "\n%d@%d:", s.turn, s.clock.Now()/1e6)
	}
	s.out.WriteString(" " + event)
}

// settle counts a turn that began with a wait, because something came of it.
func (s *script) settle() {
	if s.waited {
		s.turn++
		s.waited = false
	}
}

// play runs a script and returns its trace.
func play(t *testing.T, text string) string {
	s := &script{
		t: t, clock: simpoll.New(),
		programs: map[string]statement{}, named: map[string]subject{}, gens: map[string]*engine.AsyncGen[string]{},
	}
	tokens := words(text)
	for _, p := range parse(&tokens) {
		s.programs[p.words[1]] = p
	}
	counted := &countedTurns{s.clock, s}
	s.loop = newLoop(t, engine.Config{Poller: counted})
	s.loop.SetExceptionHandler(func(*engine.Loop, engine.ErrorContext) {})
	_, _ = engine.RunUntilDone(s.loop, s.spawn("main", "main", engine.TaskOptions{})) // the error is in the trace
	return strings.TrimSpace(s.out.String()) + "\n"
}

// TestScripts plays every script.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	slices.Sort(files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { playFile(t, file) })
	}
}

func playFile(t *testing.T, file string) {
	data, err := os.ReadFile(file)
	must(t, err)
	text, want, ok := strings.Cut(string(data), "----\n")
	if !ok && !*update {
		t.Fatalf("%s has no trace", file)
	}
	got := play(t, text)
	if *update {
		must(t, os.WriteFile(file, []byte(text+"----\n"+got), 0o644))
		return
	}
	if got != want {
		t.Errorf("%s\ngot:\n%s\nwant:\n%s", file, got, want)
	}
}
