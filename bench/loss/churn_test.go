package loss

import (
	"errors"
	"fmt"
	"io"
	"testing"
)

func TestFailures(t *testing.T) {
	other := fmt.Errorf("%w: a for b", errOther)
	for name, c := range map[string]struct {
		lost int
		err  error
		want Verdict
	}{
		"none":           {0, nil, good},
		"bytes lost":     {16, io.EOF, Verdict{Lost, 32, "2 connections, the first: EOF"}},
		"no connection":  {0, io.EOF, Verdict{NoAnswer, 0, "2 connections, the first: EOF"}},
		"another answer": {0, other, Verdict{Garbled, 0, "2 connections, the first: something else came back: a for b"}},
	} {
		f := &failures{}
		f.note(c.lost, c.err)
		f.note(0, nil)
		if c.err != nil {
			f.note(c.lost, errors.New("a later one"))
		}
		if v := f.verdict(); v != c.want || f.many() {
			t.Errorf("%s: %+v, want %+v", name, v, c.want)
		}
	}
	f := &failures{n: 100}
	if !f.many() {
		t.Error("a hundred are not many")
	}
}
