package servers

import (
	"encoding/binary"
	"math/rand/v2"
)

// The roles sink and source begin with eight bytes from the client: how many
// bytes follow, or how many the server shall send. A sink sends the number back
// when all of them are there.

// Pattern is what a source sends, again and again.
var Pattern = pattern()

func pattern() []byte {
	p := make([]byte, 64<<10)
	for i, r := 0, rand.New(rand.NewPCG(1, 2)); i < len(p); i += 8 {
		binary.LittleEndian.PutUint64(p[i:], r.Uint64())
	}
	return p
}

// Amount makes the eight bytes of a number.
func Amount(n int64) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(n)) }

// Intake is one connection of a sink.
type Intake struct {
	head []byte
	left int64
}

// Take counts what came in. It returns the answer when that was all.
func (t *Intake) Take(p []byte) (answer []byte) {
	if missing := 8 - len(t.head); missing > 0 {
		n := min(missing, len(p))
		t.head, p = append(t.head, p[:n]...), p[n:]
		if len(t.head) < 8 {
			return nil
		}
		t.left = int64(binary.LittleEndian.Uint64(t.head))
	}
	if t.left -= int64(len(p)); t.left > 0 {
		return nil
	}
	answer, t.head = t.head, nil
	return answer
}

// Outlet is one connection of a source.
type Outlet struct {
	head []byte
	left int64
}

// Ask takes what the client says.
func (t *Outlet) Ask(p []byte) {
	if t.head = append(t.head, p...); len(t.head) == 8 {
		t.left = int64(binary.LittleEndian.Uint64(t.head))
		t.head = t.head[:0]
	}
}

// Next is the next piece to be sent, none at the end.
func (t *Outlet) Next() []byte {
	p := Pattern[:min(t.left, int64(len(Pattern)))]
	t.left -= int64(len(p))
	return p
}
