package roles

import (
	"context"
	"sync"
	"time"
)

// churn sends back what comes, while another goroutine posts a Marker to all
// connections that are open, a thousand times a second.
type churn struct {
	Plain
	open *crowd
}

func churning(ctx context.Context, _ Setup) func() Handler {
	all := &crowd{conns: map[Conn]struct{}{}}
	go all.post(ctx)
	return func() Handler { return churn{open: all} }
}

// Open counts the connection among the open ones.
func (r churn) Open(c Conn) { r.open.add(c) }

// Data sends back.
func (r churn) Data(c Conn, p []byte) { _ = c.Write(p) } // the client counts

// Lost forgets the connection.
func (r churn) Lost(c Conn, _ error) { r.open.remove(c) }

// crowd is the connections that are open.
type crowd struct {
	lock  sync.Mutex
	conns map[Conn]struct{}
	list  []Conn
}

func (o *crowd) add(c Conn) {
	o.lock.Lock()
	defer o.lock.Unlock()
	o.conns[c] = struct{}{}
}

func (o *crowd) remove(c Conn) {
	o.lock.Lock()
	defer o.lock.Unlock()
	delete(o.conns, c)
}

// members is who is there now: a post runs into connections that have just gone.
func (o *crowd) members() []Conn {
	o.lock.Lock()
	defer o.lock.Unlock()
	o.list = o.list[:0]
	for c := range o.conns {
		o.list = append(o.list, c)
	}
	return o.list
}

func (o *crowd) post(ctx context.Context) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	mark := []byte{Marker}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			for _, c := range o.members() {
				_ = c.Post(mark) // who is gone has no use for it
			}
		}
	}
}
