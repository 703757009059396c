//go:build unix

package engine_test

import (
	"context"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

func TestStreamWriter(t *testing.T) {
	prove(t, "STRM-05", func(t *testing.T) {
		testDrainAtOnce(t)
		testDrainWaits(t)
		testDrainLost(t)
		testDrainReset(t)
		testDrainClosing(t)
	})
	prove(t, "STRM-07", func(t *testing.T) {
		testStreamWaitClosed(t)
		testStreamWaitClosedReset(t)
	})
}

// drains begins so many tasks that drain.
func (s *streamEnd) drains(n int) (all []*engine.Task[int]) {
	s.t.Helper()
	for range n {
		all = append(all, newTask(s.l, s.w.Drain))
	}
	turn(s.t, s.l)
	return all
}

// wantDone wants that of each, or none.
func wantDone(t *testing.T, what string, done bool, tasks []*engine.Task[int]) {
	t.Helper()
	for _, task := range tasks {
		if task.Done() != done {
			t.Errorf("%s: done %v, want %v", what, task.Done(), done)
		}
	}
}

// fills writes until the write buffer is above the high mark.
func (s *streamEnd) fills() {
	s.t.Helper()
	blocked(s.t, s.w.Transport())
	must(s.t, s.w.Transport().SetWriteBufferLimits(1, 0))
}

func testDrainAtOnce(t *testing.T) {
	s := newStream(t, 0)
	must(t, wrote(s.w.Write([]byte("a"))))
	must(t, wrote(s.w.Writev([][]byte{[]byte("b"), []byte("c")})))
	wantDone(t, "nothing to wait for", true, s.drains(1))
	blocked(t, s.w.Transport())
	wantDone(t, "below the high mark", true, s.drains(1))
	s.far.drained(s.l, 3)
}

func testDrainWaits(t *testing.T) {
	s := newStream(t, 0)
	s.fills()
	all := s.drains(4)
	idleTurns(t, s.l)
	wantDone(t, "above the high mark", false, all)
	all[1].Cancel(errReason)
	turn(t, s.l)
	wantCancelled(t, all[1], errReason)
	rest := append(all[2:], all[0])
	wantDone(t, "beside a cancelled one", false, rest)
	untilSo(t, s.l, func() bool { s.far.read(); return all[0].Done() })
	wantDone(t, "drained", true, rest)
	isEqual(t, "the write buffer", s.w.Transport().WriteBufferSize(), 0)
	for _, task := range rest {
		must(t, task.Err())
	}
	wantDone(t, "resumed", true, s.drains(1))
}

// testDrainLost: without an error, before and after.
func testDrainLost(t *testing.T) {
	s := newStream(t, 0)
	s.fills()
	all := s.drains(2)
	s.w.Transport().Abort()
	untilSo(t, s.l, all[1].Done)
	for _, task := range append(all, s.drained()) {
		wantFailed(t, task, engine.ErrConnectionLost)
		wantErr(t, "it", task.Err(), syscall.ECONNRESET)
	}
}

// drained drains to the end.
func (s *streamEnd) drained() *engine.Task[int] {
	s.t.Helper()
	task := s.drains(1)[0]
	untilSo(s.t, s.l, task.Done)
	return task
}

// testDrainReset: with the error of the connection, before and after.
func testDrainReset(t *testing.T) {
	s := newStream(t, 0)
	s.fills()
	all := s.drains(2)
	s.far.close()
	untilSo(t, s.l, all[1].Done)
	wantErr(t, "the reader", s.r.Err(), syscall.ECONNRESET)
	for _, task := range append(all, s.drained()) {
		if task.Err() != s.r.Err() {
			t.Errorf("drain: %v, want %v", task.Err(), s.r.Err())
		}
	}
	s.wantReadErr("a read", syscall.ECONNRESET, s.line)
}

// testDrainClosing: a task that does nothing but write and drain learns of the end.
func testDrainClosing(t *testing.T) {
	s := newStream(t, 0)
	rounds := 0
	task := newTask(s.l, func(ctx context.Context) error {
		for {
			if rounds++; rounds == 3 {
				s.w.Close()
			}
			_, _ = s.w.Write([]byte("x"))
			if err := s.w.Drain(ctx); err != nil {
				return err
			}
		}
	})
	untilSo(t, s.l, task.Done)
	wantFailed(t, task, engine.ErrConnectionLost)
	if rounds < 3 || rounds > 6 {
		t.Errorf("it took %d rounds", rounds)
	}
}

func testStreamWaitClosed(t *testing.T) {
	s := newStream(t, 0)
	task, other := newTask(s.l, s.w.WaitClosed), newTask(s.l, s.w.WaitClosed)
	idleTurns(t, s.l)
	wantPending(t, task)
	s.w.Close()
	isEqual(t, "closing", s.w.IsClosing(), true)
	wantPending(t, task)
	other.Cancel(errReason)
	untilSo(t, s.l, task.Done)
	must(t, task.Err())
	wantCancelled(t, other, errReason)
	again := newTask(s.l, s.w.WaitClosed)
	turn(t, s.l)
	wantValue(t, again, 0)
	isEqual(t, "at the end", s.r.AtEOF(), true)
}

func testStreamWaitClosedReset(t *testing.T) {
	s := newStream(t, 0)
	s.fills()
	task := newTask(s.l, s.w.WaitClosed)
	s.far.close()
	untilSo(t, s.l, task.Done)
	wantFailed(t, task, syscall.ECONNRESET)
	again := newTask(s.l, s.w.WaitClosed)
	turn(t, s.l)
	wantFailed(t, again, syscall.ECONNRESET)
}
