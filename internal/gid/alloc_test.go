//go:build !race

package gid

import "testing"

func TestAllocations(t *testing.T) {
	for _, c := range []struct {
		name string
		call func()
	}{
		{"Current", func() { sink = Current() }},
		{"Number", func() { sink = ID(Number()) }},
	} {
		if n := testing.AllocsPerRun(1000, c.call); n != 0 {
			t.Errorf("%s allocates %v times a call", c.name, n)
		}
	}
}
