package engine

import (
	"cmp"
	"os"
	"reflect"
	"slices"
	"sync"
)

// signalDesk carries the signals of all loops to them, on one goroutine, so that
// they come in order: goroutines of their own that are woken one after the other run
// in any. There is one while somebody owns a signal.
//
//	kernel -> os/signal -> deliveries -+
//	kernel -> os/signal -> deliveries -+-> serve -> mailbox -> handle
var signalDesk = desk{owners: map[os.Signal]*signalOwner{}, changed: make(chan struct{}, 1)}

type desk struct {
	mu      sync.Mutex
	owners  map[os.Signal]*signalOwner // of each signal of the process; guarded by mu
	staffed bool                       // guarded by mu
	changed chan struct{}              // the owners have
}

// open sees to it that somebody serves, and knows all owners. Under the lock.
func (d *desk) open() {
	if !d.staffed {
		d.staffed = true
		go d.serve()
	}
	d.tell()
}

func (d *desk) tell() {
	select {
	case d.changed <- struct{}{}:
	default:
	}
}

func (d *desk) serve() {
	for owners := d.present(); len(owners) > 0; owners = d.present() {
		if i := d.wait(owners); i >= 0 {
			carryBelow(owners[:i])
			owners[i].carry()
		}
	}
}

// present are the owners, by the numbers of their signals. Without any the
// goroutine is over.
func (d *desk) present() (owners []*signalOwner) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, o := range d.owners {
		owners = append(owners, o)
	}
	slices.SortFunc(owners, func(a, b *signalOwner) int { return cmp.Compare(numberOf(a.sig), numberOf(b.sig)) })
	d.staffed = len(owners) > 0
	return owners
}

// wait takes the next delivery and returns whose it is, or -1 when the owners have
// changed.
func (d *desk) wait(owners []*signalOwner) int {
	from := func(c any) reflect.SelectCase {
		return reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(c)}
	}
	cases := []reflect.SelectCase{from(d.changed)}
	for _, o := range owners {
		cases = append(cases, from(o.deliveries))
	}
	i, _, _ := reflect.Select(cases)
	return i - 1
}

// carryBelow carries what has come by now of the signals of lower numbers: the runtime
// tells those of one moment upwards, and a choice among several is made by chance.
func carryBelow(owners []*signalOwner) {
	for _, o := range owners {
		select {
		case <-o.deliveries:
			o.carry()
		default:
		}
	}
}

// carry posts a delivery. An owner that has ended since has a cancelled handle, and a
// closed loop none.
func (o *signalOwner) carry() { _ = o.loop.r.Post(runSignal, o) }
