package load

import (
	"encoding/binary"
	"errors"
	"net"
	"testing"

	"github.com/shardloop/shardloop/bench/servers"
)

// reply serves datagrams until the test ends: answer returns what goes back.
func reply(t *testing.T, answer func(n int, p []byte) [][]byte) string {
	t.Helper()
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	t.Cleanup(func() {
		c.Close()
		<-over
	})
	go func() {
		defer close(over)
		buf := make([]byte, 1<<16)
		for n := 0; ; n++ {
			size, from, err := c.ReadFromUDP(buf)
			if err != nil {
				return
			}
			for _, p := range answer(n, buf[:size]) {
				c.WriteToUDP(p, from)
			}
		}
	}()
	return c.LocalAddr().String()
}

// A client of datagrams notices what a server does wrong.
func TestDatagramsExchange(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(n int, p []byte) [][]byte
		want   error
	}{
		"right":   {func(_ int, p []byte) [][]byte { return [][]byte{p} }, nil},
		"wrong":   {func(n int, p []byte) [][]byte { p[len(p)-1] ^= byte(n / 90); return [][]byte{p} }, ErrWrong},
		"shorter": {func(n int, p []byte) [][]byte { return [][]byte{p[:len(p)-n/90]} }, ErrWrong},
		"twice": {func(n int, p []byte) [][]byte {
			return [][]byte{p, p}[:1+n/99]
		}, ErrMore},
		"one left out": {func(n int, p []byte) [][]byte { return [][]byte{p}[:min(1, n^40)] }, ErrWrong},
	} {
		for _, window := range []int{1, 7, 32} {
			if window == 1 && name == "one left out" {
				continue // nothing comes behind it
			}
			d, err := NewDatagrams(reply(t, c.answer), 64, window, 1)
			if err != nil {
				t.Fatal(err)
			}
			err = d.Exchange(100)
			for err == nil && c.want == ErrMore {
				err = d.silent() // the second answer is on its way
			}
			if !errors.Is(err, c.want) {
				t.Errorf("%s, a window of %d: %v, want %v", name, window, err, c.want)
			}
			d.Close()
		}
	}
}

// One way, the server's count tells what has arrived.
func TestDatagramsPush(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(answer []byte) []byte
		want  error
	}{
		"right": {func(answer []byte) []byte { return answer }, nil},
		"one less": {func(answer []byte) []byte {
			binary.LittleEndian.PutUint64(answer, binary.LittleEndian.Uint64(answer)-1)
			return answer
		}, ErrLost},
		"no count": {func(answer []byte) []byte { return answer[:7] }, ErrWrong},
	} {
		var tally servers.Tally
		d, err := NewDatagrams(reply(t, func(_ int, p []byte) [][]byte {
			if answer := tally.Take(p); answer != nil {
				return [][]byte{c.spoil(answer)}
			}
			return nil
		}), 64, 32, 1)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err = d.Push(100); !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", name, err, c.want)
			}
		}
		d.Close()
	}
}
