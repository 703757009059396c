package loss

import (
	"testing"
	"time"

	"github.com/shardloop/shardloop/bench/loss/roles"
)

func TestVerdicts(t *testing.T) {
	for want, v := range map[string]Verdict{
		"all":                      {Kind: All},
		"lost 1 byte":              {Kind: Lost, Count: 1},
		"lost 12,345 bytes":        {Kind: Lost, Count: 12345},
		"1,000,000 bytes too many": {Kind: Extra, Count: 1e6},
		"queues 64 MiB":            {Kind: Queues, Count: 64 << 20},
		"leaks 3 descriptors":      {Kind: Leaks, Count: 3},
		"5 seconds late":           {Kind: Late, Count: 5},
		"died":                     {Kind: Died, Count: 5},
	} {
		if got := v.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestWhatWasReceived(t *testing.T) {
	p := roles.Payload(1000)
	for name, c := range map[string]struct {
		in   []byte
		end  ending
		want Verdict
	}{
		"all":              {p, ended, Verdict{Kind: All}},
		"all, then reset":  {p, reset, Verdict{Kind: All}},
		"all, but no end":  {p, silence, Verdict{Kind: NoAnswer}},
		"nothing":          {nil, ended, Verdict{Kind: NoAnswer}},
		"the beginning":    {p[:900], reset, Verdict{Kind: Lost, Count: 100}},
		"the end":          {p[100:], ended, Verdict{Kind: Lost, Count: 100}},
		"more":             {append(p[:1000:1000], 'x'), ended, Verdict{Kind: Extra, Count: 1}},
		"other bytes":      {append(p[:999:999], 'x'), ended, Verdict{Kind: Garbled}},
		"two were swapped": {append(p[:998:998], p[999], p[998]), ended, Verdict{Kind: Garbled}},
	} {
		r := &received{end: c.end}
		_, _ = r.Write(c.in)
		if v := r.want(1000); v.Kind != c.want.Kind || v.Count != c.want.Count {
			t.Errorf("%s: %v, want %v", name, v, c.want)
		}
	}
}

func TestWhatAServerSays(t *testing.T) {
	hash := roles.Want(10).Sum()
	for told, want := range map[string]Verdict{
		"10 " + hash: {Kind: All},
		"9 " + hash:  {Kind: Lost, Count: 1},
		"12 " + hash: {Kind: Extra, Count: 2},
		"10 0":       {Kind: Garbled},
		"ten":        {Kind: Broken},
	} {
		if v := compare(told, 10); v.Kind != want.Kind || v.Count != want.Count {
			t.Errorf("%q: %v, want %v", told, v, want)
		}
	}
}

func TestLimits(t *testing.T) {
	full := &trial{shrink: 1, size: 100}
	for _, c := range []struct {
		got  Verdict
		want Kind
	}{
		{burns(0.01), All},
		{burns(0.9), Burns},
		{late(time.Second), All},
		{late(3 * time.Second), Late},
		{full.memory(49), All},
		{full.memory(50), Queues},
		{(&trial{shrink: 2, size: 100}).memory(50), All},
	} {
		if c.got.Kind != c.want {
			t.Errorf("%v, want %v", c.got, c.want)
		}
	}
	if late(3*time.Second).Fault() || !burns(1).Fault() {
		t.Error("what is late is lost, or what burns is no fault")
	}
}

func TestEightTimes(t *testing.T) {
	n := int64(0)
	v := eightTimes(func() Verdict {
		if n++; n%4 == 0 {
			return Verdict{Kind: Lost, Count: n, Why: "reset"}
		}
		return good
	})
	if want := (Verdict{Kind: Lost, Count: 12, Why: "in 2 of 8 connections: reset"}); v != want {
		t.Errorf("%+v, want %+v", v, want)
	}
	if v := eightTimes(func() Verdict { return good }); v != good {
		t.Errorf("%+v", v)
	}
	if v := eightTimes(func() Verdict { return fault(Died, "") }); v.Kind != Died {
		t.Errorf("%+v", v)
	}
}
