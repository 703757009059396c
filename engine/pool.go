package engine

import (
	"context"
	"runtime"
	"sync"
)

// Executor runs jobs somewhere else than on the loop: concurrent.futures'
// Executor.
type Executor interface {
	// Submit runs job on a goroutine of the executor, now or later, and fails
	// without having run it. Any goroutine.
	Submit(job func()) error
}

// WorkerPool is an Executor with a bounded number of goroutines, begun as they
// are needed, and a queue without a bound: ThreadPoolExecutor. A worker that has
// nothing to do ends. NewWorkerPool makes one; the zero value is none.
type WorkerPool struct {
	limit int

	mu      sync.Mutex
	queue   []func()      // guarded by mu
	workers int           // guarded by mu
	shut    bool          // guarded by mu
	idle    chan struct{} // closed when shut and the last worker has ended; guarded by mu
}

// defaultWorkers is the size of asyncio's default pool: min(32, cpus + 4).
func defaultWorkers() int { return min(32, runtime.NumCPU()+4) }

// NewWorkerPool makes a pool of at most so many goroutines; 0 is
// min(32, CPUs + 4). It fails with an *ArgError for a negative number.
func NewWorkerPool(workers int) (*WorkerPool, error) {
	if workers < 0 {
		return nil, badArg("workers", "must not be negative")
	}
	if workers == 0 {
		workers = defaultWorkers()
	}
	return &WorkerPool{limit: workers, idle: make(chan struct{})}, nil
}

// Submit queues a job. After Shutdown it fails with ErrExecutorShutdown. Any
// goroutine.
func (p *WorkerPool) Submit(job func()) error {
	if job == nil {
		return badArg("job", "must not be nil")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shut {
		return ErrExecutorShutdown
	}
	p.queue = append(p.queue, job)
	if p.workers < p.limit {
		p.workers++
		go p.work()
	}
	return nil
}

// work runs jobs until there are none. A job that ends the goroutine ends the
// worker, and another takes over what is queued.
func (p *WorkerPool) work() {
	defer p.leave()
	for job := p.next(); job != nil; job = p.next() {
		job()
	}
}

func (p *WorkerPool) next() func() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.queue) == 0 {
		return nil
	}
	job := p.queue[0]
	p.queue[0] = nil
	p.queue = p.queue[1:]
	return job
}

func (p *WorkerPool) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.queue) > 0 {
		go p.work()
		return
	}
	p.workers--
	p.settle()
}

// settle tells when a pool that was shut down has come to rest.
func (p *WorkerPool) settle() {
	if p.shut && p.workers == 0 {
		close(p.idle)
	}
}

// Shutdown refuses further jobs, and waits until those that were submitted have
// run or ctx is done: shutdown. Any goroutine, any number of times.
func (p *WorkerPool) Shutdown(ctx context.Context) error {
	p.mu.Lock()
	if !p.shut {
		p.shut = true
		p.settle()
	}
	p.mu.Unlock()
	select {
	case <-p.idle:
		return nil
	default:
	}
	select {
	case <-p.idle:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
