package dgram

import "math"

// Close ends the endpoint when all was sent. Receiving ends at once. Loop only.
func (e *Endpoint) Close() {
	if e.state >= closing {
		return
	}
	e.flushHeld()
	if e.state >= closing {
		return // by what came of that
	}
	e.state = closing
	e.settle()
	e.limitClose()
}

// limitClose gives an endpoint that was closed its time to send what is left.
func (e *Endpoint) limitClose() {
	if d := e.shard.config.CloseTimeout; d > 0 && e.state == closing {
		now := e.shard.reactor.Now()
		_ = e.shard.reactor.Schedule(&e.closeBy, now+min(int64(d), math.MaxInt64-now)) // or the loop is closed
	}
}

// closeTimeout gives up what could not be sent in time.
func closeTimeout(arg any) {
	e := arg.(*Endpoint)
	e.writable()
	if e.state == closing {
		e.shard.stats.TimedOut++
		e.lose(e.opError("close", e.remote, e.shard.config.Expired(e.out.bytes)))
	}
}

// Abort ends the endpoint, and drops what the kernel has refused. Loop only.
func (e *Endpoint) Abort() {
	e.flushHeld()
	e.lose(nil)
}

// Drop is Abort on a loop that is closed, where nobody is told.
func (e *Endpoint) Drop() {
	e.flushHeld()
	if e.mute(nil) || e.state == lost {
		e.release()
	}
}

// settle ends an endpoint that was closed, once all was sent.
func (e *Endpoint) settle() {
	if e.state == closing && e.out.len() == 0 {
		e.lose(nil)
	}
}

// lose is the step to lost: nothing is sent or received any more, and Lost comes in
// the next turn, behind the errors that are on their way. A loop that is closed
// tells nobody.
func (e *Endpoint) lose(err error) {
	if e.mute(err) && e.shard.reactor.Soon(tellLost, e) != nil {
		e.release()
	}
}

// mute is lose without telling. It reports whether there was anything to lose.
func (e *Endpoint) mute(err error) bool {
	if e.state >= lost {
		return false
	}
	e.state, e.err = lost, err
	e.shard.reactor.Cancel(&e.retry)
	e.shard.reactor.Cancel(&e.closeBy)
	e.shard.stats.Unsent += uint64(e.out.len())
	e.out.drop(e.shard.pool, e.out.len())
	return true
}

func tellLost(arg any) {
	e := arg.(*Endpoint)
	e.shard.enter(e, inLost)
	e.events.Lost(e.err)
	e.shard.leave()
	e.release()
}

// release closes the descriptor.
func (e *Endpoint) release() {
	e.state = gone
	e.shard.stats.Open--
	e.shard.stats.Lost++
	e.shard.reactor.Forget(e.token)
	e.shard.system.close(int(e.fd))
	e.fd, e.token = -1, 0
}
