package reactor

import (
	"runtime"
	"sync/atomic"
	"time"

	"github.com/shardloop/shardloop/poller"
)

// Config says how a reactor works. The zero value is the default.
type Config struct {
	// Poller waits for descriptors; nil takes the best of the platform. The
	// reactor owns it and closes it.
	Poller poller.Poller

	// Host is how the loop waits.
	Host Host

	// LockThread keeps the loop on one thread of its own. It excludes parking,
	// which would cost two thread switches a wake-up.
	LockThread bool

	// CPUs are the processors that the thread is kept on, which takes LockThread;
	// none for any. A run before which that fails ends with the error and has no
	// turn.
	CPUs []int

	// PollEvery is how many turns may pass for one poll while callbacks keep
	// each other busy; below 2 every turn polls.
	PollEvery int

	// TimerSpin is how long before a deadline the loop stops waiting and polls
	// the rest of the way.
	TimerSpin time.Duration

	// Fault is told of panics and other faults, on the loop; nil prints them to
	// standard error. It may use the reactor.
	Fault func(Fault)

	// Failed is told what ends a run of Start other than Stop, on the loop, as
	// the last thing of the run; nil for nobody. It may use the reactor, but not
	// panic.
	Failed func(error)

	// WakeFailed is told when the poller could not be woken, on the goroutine
	// that posted; nil for nobody. The post stands.
	WakeFailed func(error)

	// Unclosed is called when the collector finds a reactor that nobody closed,
	// on a goroutine of the runtime; nil for nobody. It must not refer to the
	// reactor, which it would keep alive.
	Unclosed func()

	// Enter and Leave are called on the loop's goroutine when a run begins and
	// when it ends, whatever ended it; nil for none.
	Enter, Leave func()

	// BeforePoll is called on the loop's goroutine before each poll, and may
	// schedule, but not panic; nil for nothing.
	BeforePoll func()

	// Published is called on the loop's goroutine when the counters are shown to
	// others, so that more can be shown with them; nil for nothing. Others read it by
	// Shown. It must neither use the reactor nor panic.
	Published func()

	// Dropped is called with the argument of each callback that was scheduled and
	// will never run, once no more can be: by Close, or on the loop that dies; nil
	// for nothing. It must not panic.
	Dropped func(arg any)

	// Closed is called by Close, once, when all else is done; nil for nothing.
	Closed func()

	// Ended is called on the loop's goroutine before that ends for good, whether
	// the reactor was closed, died or was collected; nil for nothing. A call that
	// schedules is refused by then. It must not refer to the reactor, which it
	// would keep alive.
	Ended func()
}

// Reactor is one shard. See the package comment for who may call what.
type Reactor struct {
	cfg    Config
	poller poller.Poller
	traits poller.Traits
	spin   int64
	host   host

	ready ready
	mail  mailbox

	timers  timers
	slots   slots
	watches map[int]*watch
	spare   *watch // free ones

	midway   bool           // a turn is under way; see turn
	clock    int64          // when the poll was over, or 0: nobody has looked
	polls    uint64         // number of the last poll
	events   []poller.Event // fresh, the poller's slice
	standing []poller.Event // over budget since the last turn
	again    []poller.Event // over budget since this turn's poll
	front    []poller.Event // memory for the next standing
	places   uint32         // how many have been told in this turn; see order.go
	cursor   int            // place in standing or events
	flush    []Flusher      // asked for since step 8 began
	flushing []Flusher
	flushed  int // place in flushing

	maxSkips int // turns without a poll in a row
	skipped  int
	mailed   int  // how many posts the last take brought; 0: none since the last wait
	fruitful bool // events came since the last wait began

	staleAt  uint64 // the last poll that brought a stale token
	staleRun int    // how many polls in a row did

	stopping atomic.Bool
	ending   bool  // the last turn of the run is over; its flushes may be not
	failure  error // of the poller; ends the run
	untold   bool  // the run is one of Start, and Failed was not called
	refused  error // what calls of a closed or dead reactor get

	home      home
	cleanup   runtime.Cleanup
	stats     Stats
	measured  bool // the histograms are not shown as they are
	shown     published
	publishAt uint64 // the turn that publishes next
}

// New makes a reactor that does not run yet.
func New(cfg Config) (*Reactor, error) {
	p := cfg.Poller
	if p == nil {
		var err error
		if p, err = poller.New(); err != nil {
			return nil, err
		}
	}
	if cfg.LockThread && cfg.Host == HostAuto {
		cfg.Host = HostBlock
	}
	r := &Reactor{
		cfg:      cfg,
		poller:   p,
		traits:   p.Traits(),
		spin:     int64(cfg.TimerSpin),
		host:     newHost(cfg.Host, p.Traits()),
		maxSkips: max(cfg.PollEvery-1, 0),
		ready:    newReady(),
		watches:  make(map[int]*watch),
	}
	r.home.turns = make(chan *Reactor)
	r.cleanup = runtime.AddCleanup(r, remains.release, remains{p, r.home.turns, cfg.Unclosed})
	return r, nil
}

// remains is what has to be released of a reactor that nobody closed. It does
// not refer to the reactor.
type remains struct {
	poller   poller.Poller
	turns    chan *Reactor
	unclosed func()
}

func (r remains) release() {
	close(r.turns)
	_ = r.poller.Close() // nobody is left to be told
	if r.unclosed != nil {
		r.unclosed()
	}
}

// Now is the time on the clock of deadlines: nanoseconds since an unspecified
// start, monotonic. Any goroutine.
func (r *Reactor) Now() int64 { return r.poller.Now() }

// Soon calls fn(arg) in the next turn, after all that is scheduled already,
// posts of other goroutines included. Loop only.
func (r *Reactor) Soon(fn func(any), arg any) error {
	if r.SoonAtOnce(fn, arg) {
		return nil
	}
	return r.soonAfterMail(fn, arg)
}

// SoonAtOnce is Soon where there is nothing to do but to append, and reports
// whether that was so. It is small enough to be inlined. A reactor that refuses calls
// has mail.
func (r *Reactor) SoonAtOnce(fn func(any), arg any) bool {
	if r.mail.full.Load() {
		return false
	}
	return r.ready.add(fn, arg)
}

// soonAfterMail is Soon where there is more to do than to append.
func (r *Reactor) soonAfterMail(fn func(any), arg any) error {
	if r.refused != nil {
		return r.refused
	}
	if r.mail.full.Load() {
		r.takeMail()
	}
	r.ready.push(fn, arg)
	return nil
}

// NextArg is the argument of the callback that comes next in this turn, for a
// callback that can do its work at less cost. It may be nil though there is one.
// Loop only, in a callback of step 5.
func (r *Reactor) NextArg() any { return r.ready.nextArg() }

// SkipNext takes the callback of NextArg, which was not nil, from the turn. Whoever
// calls it does the callback's work.
func (r *Reactor) SkipNext() { r.ready.skip() }

// Post is Soon for every goroutine, and wakes the loop. Posts of one goroutine
// run in their order. A wake-up that fails is no error of the post: the loop
// sees its mail when it wakes up for another reason, or is closed by now.
func (r *Reactor) Post(fn func(any), arg any) error {
	if err := r.mail.put(fn, arg); err != nil {
		return err
	}
	if r.mail.sleeping() {
		r.wake()
	}
	return nil
}

// Stop ends the present run, or the next one, after its present turn. Any
// goroutine; on a closed reactor it does nothing.
func (r *Reactor) Stop() {
	r.stopping.Swap(true) // as in the mailbox
	if r.mail.sleeping() {
		r.wake()
	}
}

// wake ends the loop's sleep, unless somebody else does.
func (r *Reactor) wake() {
	if !r.mail.claim(r.poller.Now()) {
		return
	}
	if err := r.poller.Wake(); err != nil && r.cfg.WakeFailed != nil {
		r.cfg.WakeFailed(err)
	}
}
