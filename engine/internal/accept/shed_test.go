package accept

import (
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"
)

// shedding is a world whose listener keeps a descriptor in reserve, and the record
// of what it did with descriptors.
func shedding(t *testing.T, free int, queue ...error) (*world, *[]string) {
	t.Helper()
	w, log := newWorld(t, 4), &[]string{}
	w.Stop()
	w.queue = queue
	w.system.reserve = func(int) (int, error) {
		if free == 0 {
			return -1, syscall.EMFILE
		}
		free--
		*log = append(*log, "reserve")
		return 7, nil
	}
	w.system.close = func(fd int) error {
		if fd == 7 {
			free++
		}
		*log = append(*log, fmt.Sprint("close ", fd))
		return nil
	}
	w.Listener.Shed()
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	w.calls, w.events = 0, nil
	return w, log
}

// TestShed: a connection that finds no descriptor takes the one in reserve, is
// closed, and the listener goes on.
func TestShed(t *testing.T) {
	w, log := shedding(t, 1, syscall.EMFILE, nil, syscall.EMFILE, nil, nil)
	shed := "shed " + syscall.EMFILE.Error()
	for range 2 {
		w.turns(1)
		w.want(2, shed) // a turn sheds one
	}
	w.turns(2)
	w.want(2, "accepted")
	if got := fmt.Sprint(*log); got != "[reserve close 7 close 102 reserve close 7 close 102 reserve]" {
		t.Error(got)
	}
	w.Stop()
	if last := (*log)[len(*log)-1]; last != "close 7" || w.reserve.kept {
		t.Errorf("Stop: %s", last)
	}
}

// TestShedWithoutReserve: a listener that has lost its reserve pauses, and takes
// another one when it comes back.
func TestShedWithoutReserve(t *testing.T) {
	w, log := shedding(t, 0, syscall.EMFILE, syscall.EMFILE)
	w.turns(3)
	w.want(1, emfile)
	w.system.reserve = func(int) (int, error) { *log = append(*log, "reserve"); return 7, nil }
	w.poller.Advance(RetryDelay)
	w.turns(3)
	w.want(2, emfile) // EMFILE, and nothing in the queue that the reserve could take
	if w.poller.Advance(RetryDelay); fmt.Sprint(*log) != "[reserve close 7 reserve]" {
		t.Error(*log)
	}
	w.Stop()
}

// TestShedFails: when even the reserve does not help, the listener pauses.
func TestShedFails(t *testing.T) {
	w, _ := shedding(t, 1, syscall.ENOBUFS, syscall.ENOBUFS)
	w.turns(3)
	w.want(2, "exhausted "+syscall.ENOBUFS.Error())
	w.poller.Advance(RetryDelay - time.Nanosecond)
	w.turns(1)
	w.want(0)
	w.Stop()
}

// TestReserveIsOptional: nobody pays for a reserve that was not asked for.
func TestReserveIsOptional(t *testing.T) {
	w := newWorld(t, 4, syscall.EMFILE)
	w.system.reserve = func(int) (int, error) { t.Error("a reserve was taken"); return -1, errors.ErrUnsupported }
	w.turns(2)
	w.want(1, emfile)
	w.poller.Advance(RetryDelay)
	w.turns(2)
	w.want(1)
}

// TestDrainLends: the reserve is for who is queued at the end.
func TestDrainLends(t *testing.T) {
	w, log := shedding(t, 1, nil, syscall.EMFILE, nil)
	w.drains(10, Stuck)
	w.want(2, "accepted", emfile)
	if got := fmt.Sprint(*log); got != "[reserve close 7]" {
		t.Error(got)
	}
	w.Stop()
}
