package reactor

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/shardloop/shardloop/poller"
)

var update = flag.Bool("update", false, "write the output of the scripts to testdata")

// A script is a story in comments, definitions and commands, a line of four
// dashes, and the output.
//
//	on NAME: ACTION; ACTION   what the callback NAME does when it runs
//	ACTION                    done before the run, in order
//	run                       runs the loop until a callback says stop
//
// The output has a line for each turn that called something, numbered from 1
// by those turns, with the names in the order they ran.
//
//	soon X        schedule X                   post X       post X from the loop
//	elsewhere X   post X from another goroutine
//	timer X D     arm timer X D from now       cancel X     cancel it
//	spend D       let time pass, awake
//	open F        a connected descriptor F     fill F       make it readable
//	drain F       read it empty                hangup F     close its peer
//	reader F X    AddReader                    noreader F   RemoveReader
//	writer F X    AddWriter                    nowriter F   RemoveWriter
//	attach F X    Attach, edge-triggered, for reading; X runs at each event
//	detach F      Detach                       again F      stand over budget
//	flush X       call X at the end of the turn
//	panic         panic                        stop         stop the loop
//
// For timers, now is when the callback began or spent time last: that the
// machine pauses between two actions does not change the order they are due in.
type script struct {
	t     *testing.T
	r     *Reactor
	world world
	on    map[string][]string
	timer map[string]*Timer
	tasks map[string]*task
	now   int64

	out  strings.Builder
	turn uint64 // of the last line of out
	line int
}

// world is what a script runs in: a poller with its clock and descriptors.
type world interface {
	poller() poller.Poller
	spend(time.Duration)
	open(name string) (fd int)
	fill(name string)
	drain(name string)
	hangup(name string)
	close()
}

// task is the argument of a script's callbacks.
type task struct {
	s    *script
	name string
	fd   *attached
}

// attached is a descriptor attached by a script.
type attached struct {
	task  *task
	token poller.Token
}

func (a *attached) HandleReady(*poller.Event, poller.Ready) { runTask(a.task) }

func (k *task) Flush() { runTask(k) }

func runTask(arg any) {
	k := arg.(*task)
	k.s.log(k.name)
	k.s.now = k.s.r.Now()
	for _, a := range k.s.on[k.name] {
		k.s.do(a)
	}
}

// log writes a name behind those of the same turn.
func (s *script) log(name string) {
	if s.turn != s.r.stats.Turns {
		s.turn = s.r.stats.Turns
		s.line++
		fmt.Fprintf(&s.out, "\n%d:", s.line)
	}
	s.out.WriteString(" " + name)
}

func (s *script) task(name string) *task {
	if s.tasks[name] == nil {
		s.tasks[name] = &task{s: s, name: name}
	}
	return s.tasks[name]
}

func (s *script) must(err error) {
	if err != nil {
		s.t.Errorf("script: %v", err)
	}
}

// do does one action.
func (s *script) do(action string) {
	f := strings.Fields(action)
	if s.doLoop(f) || s.doWatch(f) || s.doWorld(f) {
		return
	}
	s.t.Errorf("script: no action %q", action)
}

func (s *script) doLoop(f []string) bool {
	switch f[0] {
	case "soon":
		s.must(s.r.Soon(runTask, s.task(f[1])))
	case "post":
		s.must(s.r.Post(runTask, s.task(f[1])))
	case "elsewhere":
		k, done := s.task(f[1]), make(chan error)
		go func() { done <- s.r.Post(runTask, k) }()
		s.must(<-done)
	case "timer":
		d, err := time.ParseDuration(f[2])
		s.must(err)
		s.must(s.r.Schedule(s.timerOf(f[1]), s.now+int64(d)))
	case "cancel":
		s.r.Cancel(s.timerOf(f[1]))
	case "flush":
		s.r.AtTurnEnd(s.task(f[1]))
	case "panic":
		panic("on purpose")
	case "stop":
		s.r.Stop()
	default:
		return false
	}
	return true
}

func (s *script) timerOf(name string) *Timer {
	if s.timer[name] == nil {
		s.timer[name] = new(Timer)
		s.timer[name].Init(runTask, s.task(name))
	}
	return s.timer[name]
}

func (s *script) doWatch(f []string) bool {
	fd := func() int { return s.world.open(f[1]) }
	switch f[0] {
	case "reader":
		s.must(s.r.AddReader(fd(), runTask, s.task(f[2])))
	case "writer":
		s.must(s.r.AddWriter(fd(), runTask, s.task(f[2])))
	case "noreader":
		s.r.RemoveReader(fd())
	case "nowriter":
		s.r.RemoveWriter(fd())
	case "attach":
		k := s.task(f[2])
		a := &attached{task: k}
		token, err := s.r.Attach(fd(), a, poller.In|poller.Edge)
		s.must(err)
		a.token = token
		s.task("#" + f[1]).fd = a
	case "detach":
		s.must(s.r.Detach(s.task("#" + f[1]).fd.token))
	case "again":
		s.r.Again(s.task("#"+f[1]).fd.token, poller.Readable)
	default:
		return false
	}
	return true
}

func (s *script) doWorld(f []string) bool {
	switch f[0] {
	case "spend":
		d, err := time.ParseDuration(f[1])
		s.must(err)
		s.world.spend(d)
		s.now = s.r.Now()
	case "open":
		s.world.open(f[1])
	case "fill":
		s.world.fill(f[1])
	case "drain":
		s.world.drain(f[1])
	case "hangup":
		s.world.hangup(f[1])
	case "run":
		s.must(s.r.Run())
		s.turn = 0
		s.out.WriteString("\n--")
	default:
		return false
	}
	return true
}

// play runs a script in a world and returns its output.
func play(t *testing.T, text string, w world, cfg Config) string {
	s := &script{t: t, world: w, on: map[string][]string{}, timer: map[string]*Timer{}, tasks: map[string]*task{}}
	defer w.close()
	cfg.Poller = w.poller()
	cfg.Fault = func(f Fault) { s.log(faultName(f)) }
	r, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.r = r
	for line := range strings.Lines(text) {
		s.read(strings.TrimSpace(line))
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	return strings.TrimSpace(s.out.String()) + "\n"
}

func faultName(f Fault) string {
	if f.Panic != nil {
		return "(panic)"
	}
	return "(" + f.Err.Error() + ")"
}

// read takes one line of a script.
func (s *script) read(line string) {
	switch {
	case line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "config "):
	case strings.HasPrefix(line, "on "):
		name, actions, _ := strings.Cut(line[len("on "):], ":")
		for a := range strings.SplitSeq(actions, ";") {
			s.on[name] = append(s.on[name], strings.TrimSpace(a))
		}
	default:
		s.now = s.r.Now()
		s.do(line)
	}
}

// configOf reads the line "config pollevery N", if there is one.
func configOf(text string) (c Config) {
	if _, rest, ok := strings.Cut(text, "\nconfig pollevery "); ok {
		_, _ = fmt.Sscan(rest, &c.PollEvery)
	}
	return c
}

// TestScripts plays every script on the simulated poller and on each real one:
// the output is the same.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		for name, open := range worlds {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txt")+"/"+name, func(t *testing.T) {
				playFile(t, file, open(t))
			})
		}
	}
}

func playFile(t *testing.T, file string, w world) {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text, want, ok := strings.Cut(string(data), "----\n")
	if !ok && !*update {
		t.Fatalf("%s has no output", file)
	}
	got := play(t, text, w, configOf(text))
	if *update {
		if err := os.WriteFile(file, []byte(text+"----\n"+got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != want {
		t.Errorf("%s\ngot:\n%s\nwant:\n%s", file, got, want)
	}
}
