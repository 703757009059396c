package bench

import (
	"context"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// wakeupScenarios measure how long a sleeper takes from the post that wakes it
// to its first instruction. The sleeper's process is pinned to one core; the
// goroutine that posts is locked to a thread on the other core and sleeps in
// the kernel, so that it needs nothing from the runtime's poller or timers
// before it posts. That thread needs a processor of the runtime, hence
// GOMAXPROCS 2.
func wakeupScenarios() []Scenario {
	return []Scenario{{
		Name:        "wakeup",
		Description: "wake a loop that has slept for a millisecond or more: post to first instruction",
		Params:      Params{"wakeups": 300, "asleep_ns": int64(time.Millisecond)},
		Quick:       Params{"wakeups": 100},
		Work:        "wakeups",
		Metrics:     []Metric{p50, p90, p99},
		Place:       Placement{Procs: 2, Cores: OneCore},
		Sides: slices.Concat([]Side{
			{Name: "engine", Kind: Engine, Run: engineWakeup},
			wakeupFloor,
			{Name: "channel", Kind: Peer, Run: channelWakeup},
		}, pythonPeers("wakeup")),
	}}
}

// alarm is the stamp that a poster leaves and a sleeper reads. The next one is
// not sent before the last was heard: two that fall together would be one.
type alarm struct {
	base  time.Time
	sent  atomic.Int64 // since base
	heard atomic.Int64 // how many
	seen  *latencies   // sleeper only
	want  int64
}

func newAlarm(t Task) *alarm {
	return &alarm{base: time.Now(), seen: newLatencies(0), want: t.Param("wakeups")}
}

// ring is the sleeper's first instruction. It tells whether that was the last.
func (a *alarm) ring() (last bool) {
	now := time.Since(a.base)
	a.seen.add(now - time.Duration(a.sent.Load()))
	return a.heard.Add(1) == a.want
}

// post wakes the sleeper again and again; each time it has had the time to fall
// asleep. The pauses vary, so that no periodic work of the machine keeps step.
func (a *alarm) post(ctx context.Context, t Task, wake func()) error {
	runtime.LockOSThread() // for good: the thread's affinity ends with it
	if err := pinThread(cpuList(t.ClientCPU)); err != nil {
		return err
	}
	jitter := rand.New(rand.NewPCG(t.Seed, 0))
	asleep := t.Param("asleep_ns")
	for i := int64(0); i < a.want && ctx.Err() == nil; i++ {
		for first := true; first || (a.heard.Load() < i && ctx.Err() == nil); first = false {
			kernelSleep(time.Duration(asleep + jitter.Int64N(asleep/2)))
		}
		a.sent.Store(int64(time.Since(a.base)))
		wake()
	}
	return nil
}

// postFrom posts from a goroutine of its own and returns its end.
func (a *alarm) postFrom(ctx context.Context, t Task, wake func()) <-chan error {
	end := make(chan error, 1)
	go func() { end <- a.post(ctx, t, wake) }()
	return end
}

func engineWakeup(ctx context.Context, t Task) (Metrics, error) {
	a := newAlarm(t)
	var posted <-chan error
	err := runLoop(ctx, engine.Config{}, func(l *engine.Loop) error {
		ring := func(any) {
			if a.ring() {
				l.Stop()
			}
		}
		posted = a.postFrom(ctx, t, func() { _ = l.CallSoonThreadsafeArg(ring, nil) })
		return nil
	})
	if err == nil {
		err = <-posted
	}
	return a.seen.metrics(), err
}

// channelWakeup is a goroutine that receives.
func channelWakeup(ctx context.Context, t Task) (Metrics, error) {
	a := newAlarm(t)
	bell := make(chan struct{}, 1)
	posted := a.postFrom(ctx, t, func() { bell <- struct{}{} })
	for range bell {
		if a.ring() {
			break
		}
	}
	return a.seen.metrics(), <-posted
}
