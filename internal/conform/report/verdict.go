package main

import (
	"strings"

	"github.com/shardloop/shardloop/internal/conform"
)

// state is what the tests say about one behaviour.
type state string

const (
	proven  state = "proven"  // its own subtest made the claim and passed
	failing state = "failing" // a subtest of that name failed, or died
	missing state = "missing" // no such subtest, or skipped, or no claim
	later   state = "later"   // missing, and waiting for a later part
	na      state = "n/a"     // no meaning in Go
)

// verdict is one line of the full list.
type verdict struct {
	conform.Behaviour
	state state
	test  string // the first that proves it or fails, in order of names
}

// result holds a verdict for every behaviour, in the order of the documentation.
type result []verdict

// judge weighs each behaviour against the tests. A behaviour with one failing
// subtest fails, however many others passed.
func judge(behaviours []conform.Behaviour, t *tally) result {
	good, bad := map[string]string{}, map[string]string{}
	for _, name := range t.names() {
		slash := strings.LastIndex(name.test, "/")
		if slash < 0 {
			continue
		}
		id, o := name.test[slash+1:], t.tests[name]
		switch {
		case o.bad():
			note(bad, id, name)
		case o.passed && !o.skipped && o.claimed(id):
			note(good, id, name)
		}
	}
	var r result
	for _, b := range behaviours {
		v := verdict{Behaviour: b, state: missing}
		switch {
		case b.Class == conform.NotApplicable:
			v.state = na
		case bad[b.ID] != "":
			v.state, v.test = failing, bad[b.ID]
		case good[b.ID] != "":
			v.state, v.test = proven, good[b.ID]
		case b.Later():
			v.state = later
		}
		r = append(r, v)
	}
	return r
}

func note(tests map[string]string, id string, name testName) {
	if tests[id] == "" {
		tests[id] = name.String()
	}
}

// count is a line of the table. What comes later is missing as well.
type count struct {
	proven, failing, missing, later, na int
}

// of is how many could be proven.
func (c count) of() int { return c.proven + c.failing + c.missing }

func (c *count) add(s state) {
	switch s {
	case proven:
		c.proven++
	case failing:
		c.failing++
	case later:
		c.later++
		c.missing++
	case missing:
		c.missing++
	case na:
		c.na++
	}
}

func (r result) total() count {
	var c count
	for _, v := range r {
		c.add(v.state)
	}
	return c
}

func (r result) group(code string) (c count) {
	for _, v := range r {
		if v.Group == code {
			c.add(v.state)
		}
	}
	return c
}
