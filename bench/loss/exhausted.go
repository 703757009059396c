package loss

import (
	"fmt"
	"net"
	"time"
)

// The numbers of scenario emfile.
const (
	healthy  = 16              // connections before, half of which close in the end
	crowding = 32              // connections without a descriptor for them
	window   = 2 * time.Second // how long that lasts
	burning  = 0.25            // of a core: a retry now and then takes far less
	prompt   = 2 * time.Second // how soon service has to be back
	patience = 3               // as often as idle does it have to be back at all
)

// exhausted takes the server's descriptors away for a while.
func exhausted(t *trial) Verdict {
	conns, v := t.exhaust()
	if v.Fault() {
		return v
	}
	var crowd []net.Conn
	for range crowding {
		if c, err := t.dial(); err == nil {
			crowd = append(crowd, c)
		}
	}
	share, err := t.strain(conns)
	if err != nil {
		return fault(NoAnswer, "a connection from before: %v", err)
	}
	for _, c := range append(crowd, conns[:healthy/2]...) {
		t.drop(c, shut)
	}
	if v := burns(share); v.Fault() {
		return v
	}
	return t.recovers()
}

// exhaust leaves the server its connections and no descriptor besides.
func (t *trial) exhaust() (conns []net.Conn, v Verdict) {
	for n := healthy; ; n = 1 { // one more takes the lowest number that is free
		more, err := t.several(n)
		if err != nil {
			return nil, fault(NoAnswer, "%v", err)
		}
		conns = append(conns, more...)
		limited, err := limitDescriptors(t.server.pid())
		if err != nil {
			return nil, fault(Broken, "%v", err)
		}
		if limited {
			return conns, good
		}
	}
}

func burns(share float64) Verdict {
	if share > burning {
		return fault(Burns, "while it has no descriptors")
	}
	return good
}

// recovers waits until a new connection is served.
func (t *trial) recovers() Verdict {
	t.idle *= patience
	start := time.Now()
	if _, err := t.several(1); err != nil {
		return fault(NoAnswer, "a connection afterwards: %v", err)
	}
	return late(time.Since(start))
}

func late(took time.Duration) Verdict {
	if took <= prompt {
		return good
	}
	return Verdict{
		Kind: Late, Count: int64(took.Round(time.Second).Seconds()),
		Why: "the first connection after descriptors were free",
	}
}

// strain uses connections for a while and returns which share of a core that
// costs the server.
func (t *trial) strain(conns []net.Conn) (share float64, err error) {
	before, _ := cpuOf(t.server.pid()) // 0 where the system does not tell
	start := time.Now()
	tick := time.NewTicker(window / 20)
	defer tick.Stop()
	for i := 0; time.Since(start) < window/time.Duration(t.shrink); i++ {
		if err := t.ping(conns[i%len(conns)], "still there"); err != nil {
			return 0, err
		}
		<-tick.C
	}
	after, _ := cpuOf(t.server.pid()) // a process that is over will be found
	share = float64(after-before) / float64(time.Since(start))
	for i, c := range conns {
		if err := t.ping(c, fmt.Sprintf("still %d", i)); err != nil {
			return 0, err
		}
	}
	return share, nil
}
