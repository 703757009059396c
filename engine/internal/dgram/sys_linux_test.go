package dgram

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/engine/internal/sock"
)

// TestSegmentAmongOthers: the size is found behind other control messages, and is 0
// without one.
func TestSegmentAmongOthers(t *testing.T) {
	var c control
	raw := unsafe.Slice((*byte)(unsafe.Pointer(&c)), unsafe.Sizeof(c))
	put := func(at, level, kind int, value uint32) (next int) {
		h := (*unix.Cmsghdr)(unsafe.Pointer(&raw[at]))
		h.Level, h.Type = int32(level), int32(kind)
		h.SetLen(unix.CmsgLen(4))
		binary.NativeEndian.PutUint32(raw[at+unix.CmsgLen(0):], value)
		return at + unix.CmsgSpace(4)
	}
	n := put(0, unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 7)
	equal(t, "none", c.segment(n), 0)
	n = put(n, unix.SOL_UDP, unix.UDP_GRO, 1200)
	equal(t, "the second", c.segment(n), 1200)
	equal(t, "cut off", c.segment(n-8), 0)
	equal(t, "nothing", c.segment(0), 0)
}

// FuzzSegment: whatever the kernel writes, nothing outside is read.
func FuzzSegment(f *testing.F) {
	f.Add([]byte{}, 0)
	f.Add(make([]byte, 64), 64)
	f.Fuzz(func(t *testing.T, data []byte, n int) {
		var c control
		raw := unsafe.Slice((*byte)(unsafe.Pointer(&c)), unsafe.Sizeof(c))
		copy(raw, data)
		c.segment(min(max(n, 0), len(raw)))
	})
}

// TestFill: a call has so many messages and pieces, and the rest waits.
func TestFill(t *testing.T) {
	a, b := sock.UnixAddr("/a"), sock.UnixAddr("/b")
	memory := bytes.Repeat([]byte("x"), 1<<20)
	var k sent
	apart := func(n, size int, to sock.Addr) (list []packet) {
		for i := range n {
			at := i * (size + 1)
			list = append(list, packet{data: memory[at : at+size], to: to})
		}
		return list
	}
	for name, c := range map[string]struct {
		list             []packet
		join             bool
		messages, pieces int
	}{
		"many":          {apart(100, 10, a), false, maxSent, maxSent},
		"joined":        {apart(100, 10, a), true, 2, 100},
		"many pieces":   {apart(1000, 10, a), true, 8, 512},
		"many bytes":    {apart(20, 40_000, a), false, 7, 7},
		"empty ones":    {apart(3, 0, a), true, 3, 3},
		"two addresses": {append(apart(3, 10, a), apart(3, 10, b)...), true, 2, 6},
	} {
		equal(t, name, k.fill(c.list, sending{unix.AF_INET, c.join}), c.messages)
		equal(t, name+", pieces", k.pieces, c.pieces)
		k.forget(c.messages)
	}
	adjacent := []packet{{data: memory[:10], to: a}, {data: memory[10:20], to: a}, {data: memory[20:25], to: a}}
	k.fill(adjacent, sending{unix.AF_INET, true})
	equal(t, "pieces of what is adjacent", k.pieces, 1)
	equal(t, "length", int(k.iov[0].Len), 25)
	k.forget(1)
	k.fill(adjacent, sending{unix.AF_INET, false})
	equal(t, "pieces of messages", k.pieces, 3)
	k.forget(3)
	for i := range k.iov {
		if k.iov[i].Base != nil {
			t.Fatalf("piece %d is not forgotten", i)
		}
	}
}

// TestNames are remembered, and not for ever.
func TestNames(t *testing.T) {
	var n names
	raw := func(name string) []byte {
		var to sock.RawAddr
		return to[:sock.UnixAddr(name).Encode(&to)]
	}
	for range 2 {
		equal(t, "path", n.decode(raw("/path/a")), sock.UnixAddr("/path/a"))
		equal(t, "abstract", n.decode(raw("\x00a")), sock.UnixAddr("\x00a"))
	}
	equal(t, "remembered", len(n), 2)
	equal(t, "none", n.decode(nil), sock.Addr{})
	at := sock.IPAddr(loopback.AddrPort().Addr(), 7, 0)
	var to sock.RawAddr
	equal(t, "no name", n.decode(to[:at.Encode(&to)]), at)
	equal(t, "remembered", len(n), 2)
	for i := range 3 * maxNames {
		name := "/" + strings.Repeat("n", i%5) + strconv.Itoa(i)
		equal(t, "name", n.decode(raw(name)), sock.UnixAddr(name))
	}
	equal(t, "too many", len(n) <= maxNames, true)
}
