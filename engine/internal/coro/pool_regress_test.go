package coro

import (
	"runtime"
	"testing"
)

// TestCloseResumesAndExits: bodies that resume each other and end by Goexit while
// their pool is closed are ended, each once.
func TestCloseResumesAndExits(t *testing.T) {
	for _, locked := range []bool{false, true} {
		ended := make([]int, 20)
		owned(locked, func(p *Pool) {
			all := make([]*Coro, len(ended))
			for i := range all {
				all[i] = spawn(p, func(c *Coro) {
					other := len(all) - 1 - i
					if !c.Suspend() && ended[other] == 0 {
						all[other].Resume()
					}
					ended[i]++
					runtime.Goexit()
				})
				all[i].Resume()
			}
			p.Close()
		})
		for i, n := range ended {
			if n != 1 {
				t.Errorf("locked %t: body %d was ended %d times", locked, i, n)
			}
		}
	}
}
