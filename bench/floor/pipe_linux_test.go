package floor

import (
	"bytes"
	"testing"
)

// What goes in comes out, also when it is more than the pipe holds.
func TestPipe(t *testing.T) {
	p, err := NewPipe()
	if err != nil {
		t.Fatal(err)
	}
	all := bytes.Repeat([]byte("0123456789abcde"), 20_000)
	var got []byte
	for left := all; len(got) < len(all); {
		wrote, read, err := p.Turn(left)
		if err != nil {
			t.Fatal(err)
		}
		left, got = left[wrote:], append(got, read...)
	}
	if !bytes.Equal(got, all) {
		t.Errorf("%d bytes differ", len(got))
	}
	if _, read, err := p.Turn(nil); len(read) > 0 || err != nil {
		t.Errorf("%d bytes, %v from an empty pipe", len(read), err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}
