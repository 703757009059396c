package bench

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"

	"github.com/shardloop/shardloop/bench/servers"
	"github.com/shardloop/shardloop/engine"
)

// pipeScenarios measure bytes through a pipe from one end to the other, both in the
// hands of one process.
func pipeScenarios() []Scenario {
	return []Scenario{{
		Name:        "pipe/throughput",
		Description: "bytes through a pipe, written and read by one loop in pieces of 64 KiB",
		Params:      Params{"mib": 4096, "script_mib": 2048, "warmup": 64},
		Quick:       Params{"mib": 512, "script_mib": 512, "warmup": 8},
		Work:        "mib",
		Metrics:     []Metric{{Name: "time", Unit: "ns/MiB"}, {Name: "allocs", Unit: "allocs/MiB"}},
		Place:       onOneCore,
		Sides: slices.Concat([]Side{
			{Name: "engine", Kind: Engine, Run: enginePipe},
			pipeFloor,
			{Name: "file", Kind: Peer, Run: filePipe},
		}, pythonPeers("pipe")),
	}}
}

// passage is bytes on their way: how many are left to be written, and how many have
// come. The first ones are warm-up. Its two ends may be two goroutines.
type passage struct {
	meter
	left         int64
	came         int64
	warmup, want int64
}

func newPassage(t Task) *passage {
	f := &passage{warmup: t.Param("warmup") << 20, want: t.Param("mib") << 20}
	f.left = f.warmup + f.want
	return f
}

// next is the next piece to be written, none at the end.
func (f *passage) next() []byte {
	p := servers.Pattern[:min(f.left, int64(len(servers.Pattern)))]
	f.left -= int64(len(p))
	return p
}

// arrived counts what was read, and tells whether more is to come.
func (f *passage) arrived(n int) (more bool) {
	before := f.came
	f.came += int64(n)
	if before < f.warmup && f.came >= f.warmup {
		f.begin()
	}
	if f.came < f.warmup+f.want {
		return true
	}
	f.end()
	return false
}

func (f *passage) metrics() Metrics { return f.per(f.want >> 20) }

// pipeSource writes as long as the pipe keeps up.
type pipeSource struct {
	engine.BaseProtocol
	*passage
	transport engine.Transport
	paused    bool
}

func (s *pipeSource) ConnectionMade(t engine.Transport) {
	s.transport = t
	s.fill()
}

func (s *pipeSource) PauseWriting() { s.paused = true }

func (s *pipeSource) ResumeWriting() {
	s.paused = false
	s.fill()
}

func (s *pipeSource) fill() {
	for !s.paused {
		p := s.next()
		if len(p) == 0 {
			return
		}
		_ = s.transport.WriteOwned(p, nil) // the sink tells
	}
}

// pipeSink reads, and ends the run with the last byte.
type pipeSink struct {
	engine.BaseProtocol
	*passage
	loop *engine.Loop
	err  error
}

func (s *pipeSink) DataReceived(p []byte) {
	if !s.arrived(len(p)) {
		s.loop.Stop()
	}
}

func (s *pipeSink) ConnectionLost(err error) {
	s.err = errors.Join(io.ErrUnexpectedEOF, err)
	s.loop.Stop()
}

func enginePipe(ctx context.Context, t Task) (Metrics, error) {
	f := newPassage(t)
	sink := &pipeSink{passage: f}
	err := runLoop(ctx, engine.Config{}, func(l *engine.Loop) error {
		r, w, err := os.Pipe()
		if err != nil {
			return err
		}
		sink.loop = l
		return engine.Go(l, func(ctx context.Context) error {
			if err := connectPipe(ctx, l, sink, r, &pipeSource{passage: f}, w); err != nil {
				sink.err = err
				l.Stop()
			}
			return nil
		})
	})
	return f.metrics(), errors.Join(sink.err, err)
}

// connectPipe connects the reader first, so that the writer has one.
func connectPipe(ctx context.Context, l *engine.Loop, sink engine.Protocol, r *os.File, source engine.Protocol, w *os.File) error {
	if _, _, err := l.ConnectReadPipe(ctx, func() engine.Protocol { return sink }, r); err != nil {
		return err
	}
	_, _, err := l.ConnectWritePipe(ctx, func() engine.Protocol { return source }, w)
	return err
}

// filePipe is two goroutines and package os.
func filePipe(_ context.Context, t Task) (Metrics, error) {
	f := newPassage(t)
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	written := make(chan error, 1)
	go func() {
		var err error
		for p := f.next(); len(p) > 0 && err == nil; p = f.next() {
			_, err = w.Write(p)
		}
		written <- errors.Join(err, w.Close())
	}()
	err = readAll(r, f)
	return f.metrics(), errors.Join(err, r.Close(), <-written)
}

func readAll(r io.Reader, f *passage) error {
	for buf := make([]byte, 256<<10); ; {
		n, err := r.Read(buf)
		if err != nil || !f.arrived(n) {
			return err
		}
	}
}
