package roles

import (
	"bytes"
	"testing"
)

// The payload is one and the same however it is made, and has no marker.
func TestPayload(t *testing.T) {
	whole := Payload(3*chunk + 5)
	if bytes.IndexByte(whole, Marker) >= 0 {
		t.Error("there is a marker in it")
	}
	for at := range 40 {
		for n := range 40 {
			p := make([]byte, n)
			if Fill(p, int64(at)); !bytes.Equal(p, whole[at:at+n]) {
				t.Fatalf("%d bytes at %d differ", n, at)
			}
		}
	}
	var parts []byte
	next := Chunks(int64(len(whole)))
	for p := next(); p != nil; p = next() {
		parts = append(parts, p...)
	}
	if !bytes.Equal(parts, whole) || next() != nil {
		t.Error("the chunks differ from the whole")
	}
}

// Where a byte stands is in the hash.
func TestTally(t *testing.T) {
	whole := Payload(10_000)
	var got Tally
	for p := range bytes.Lines(whole) { // some way to cut it
		_, _ = got.Write(p)
	}
	if want := Want(10_000); got.N != want.N || got.Sum() != want.Sum() {
		t.Errorf("%d %s, want %d %s", got.N, got.Sum(), want.N, want.Sum())
	}
	moved := &Tally{}
	_, _ = moved.Write(whole[5000:])
	_, _ = moved.Write(whole[:5000])
	if moved.Sum() == got.Sum() {
		t.Error("two halves may change places")
	}
	if (&Tally{}).Sum() != Want(0).Sum() {
		t.Error("nothing differs from nothing")
	}
}
