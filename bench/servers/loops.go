package servers

import (
	"strings"
	"time"
)

// The roles of several loops send back what comes in, but for a Question, which
// they answer with the number of the loop that the connection is on. Who has no
// numbers for its loops does not know questions, and is not asked.
//
// One loop of the role stalled, StalledLoop, is held up for StallTime in every
// StallEvery, by a callback that sleeps.
const (
	StalledLoop = 0
	StallTime   = 5 * time.Millisecond
	StallEvery  = 50 * time.Millisecond
)

// QuestionSize is the size of a question and of its answer.
const QuestionSize = PostSize

var question = strings.Repeat("\xff", QuestionSize)

// Question asks for the number of the loop.
func Question() []byte { return []byte(question) }

// Asked tells whether a request is a question.
func Asked(p []byte) bool { return string(p) == question }

// Number makes the answer, of a loop below 255.
func Number(loop int) []byte {
	p := Question()
	p[0] = byte(loop)
	return p
}

// Numbered is the number that an answer tells; no for what is none.
func Numbered(p []byte) (loop int, yes bool) {
	if len(p) != QuestionSize || Asked(p) || string(p[1:]) != question[1:] {
		return 0, false
	}
	return int(p[0]), true
}
