package servers

import (
	"bytes"
	"testing"
)

// An answer tells its number. Nothing else is one, and no answer or command is a
// question.
func TestQuestion(t *testing.T) {
	if !Asked(Question()) || Asked(Command(1)) || Asked(Question()[1:]) {
		t.Error("a question is not told from something else")
	}
	for loop := range 4 {
		if n, yes := Numbered(Number(loop)); !yes || n != loop || Asked(Number(loop)) {
			t.Errorf("loop %d: %d, %v", loop, n, yes)
		}
	}
	last := Number(1)
	last[QuestionSize-1]--
	for _, p := range [][]byte{Question(), nil, Number(1)[1:], append(Number(1), 0xff), last, make([]byte, QuestionSize)} {
		if n, yes := Numbered(p); yes {
			t.Errorf("%v is the number %d", p, n)
		}
	}
	if bytes.Equal(Number(1), Number(2)) {
		t.Error("two numbers are the same")
	}
}
