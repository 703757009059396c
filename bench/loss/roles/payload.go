package roles

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
)

// Marker is a byte that no payload has: one on its own says that all before it
// has come.
const Marker = 0xff

// Fill writes to p what the payload has at the offset at. Each byte depends on
// where it stands, so that bytes lost, doubled or moved change the hash.
func Fill(p []byte, at int64) {
	var word [8]byte
	for i := 0; i < len(p); {
		binary.LittleEndian.PutUint64(word[:], scramble(uint64(at)/8)&0x7f7f7f7f7f7f7f7f)
		n := copy(p[i:], word[at%8:])
		i, at = i+n, at+int64(n)
	}
}

// scramble is the finalizer of splitmix64.
func scramble(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Payload is the first n bytes of the payload.
func Payload(n int) []byte {
	p := make([]byte, n)
	Fill(p, 0)
	return p
}

// chunk is how much of a payload is handled at a time where it is not kept.
const chunk = 64 << 10

// Chunks returns the first n bytes of the payload in pieces, and then nil.
func Chunks(n int64) func() []byte {
	buf := make([]byte, chunk)
	var at int64
	return func() []byte {
		p := buf[:min(chunk, n-at)]
		if len(p) == 0 {
			return nil
		}
		Fill(p, at)
		at += int64(len(p))
		return p
	}
}

// Tally counts and hashes bytes.
type Tally struct {
	N    int64
	hash hash.Hash
}

// Write takes p in. It never fails.
func (t *Tally) Write(p []byte) (int, error) {
	if t.hash == nil {
		t.hash = sha256.New()
	}
	t.N += int64(len(p))
	return t.hash.Write(p)
}

// Sum is the hash of all bytes, short enough to be read.
func (t *Tally) Sum() string {
	if t.hash == nil {
		t.hash = sha256.New()
	}
	return hex.EncodeToString(t.hash.Sum(nil)[:8])
}

// Want is the tally of the first n bytes of the payload.
func Want(n int64) *Tally {
	t := &Tally{}
	next := Chunks(n)
	for p := next(); p != nil; p = next() {
		_, _ = t.Write(p)
	}
	return t
}
