//go:build unix

package poller_test

import (
	"fmt"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/poller"
)

func benchEach(b *testing.B, bench func(*testing.B, poller.Poller)) {
	for _, m := range pollers {
		b.Run(m.name, func(b *testing.B) {
			p := m.new(b)
			defer p.Close()
			b.ReportAllocs()
			bench(b, p)
		})
	}
}

func benchModes(b *testing.B, bench func(*testing.B, poller.Poller, poller.Mode)) {
	benchEach(b, func(b *testing.B, p poller.Poller) {
		b.Run("block", func(b *testing.B) { bench(b, p, poller.Block) })
		if p.Traits().Park {
			b.Run("park", func(b *testing.B) { bench(b, p, poller.Park) })
		}
	})
}

func BenchmarkNow(b *testing.B) {
	for b.Loop() {
		poller.Now()
	}
}

func BenchmarkPoll(b *testing.B) {
	for _, n := range []int{0, 1, 64} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			benchEach(b, func(b *testing.B, p poller.Poller) {
				for i, fd := range pipes(b, n) {
					defer unix.Close(fd)
					if i < n {
						p.Add(fd, poller.Token(i), poller.Out)
					}
				}
				for b.Loop() {
					if events, err := p.Poll(); err != nil || len(events) != n {
						b.Fatal(len(events), err)
					}
				}
			})
		})
	}
}

func BenchmarkWake(b *testing.B) {
	benchEach(b, func(b *testing.B, p poller.Poller) {
		for b.Loop() {
			p.Wake()
		}
	})
}

func BenchmarkWakeWait(b *testing.B) {
	benchModes(b, func(b *testing.B, p poller.Poller, m poller.Mode) {
		for b.Loop() {
			p.Wake()
			if _, err := p.Wait(poller.NoDeadline, m); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkRearm is a wait whose deadline is always earlier than the one
// before, which makes the poller move its timer each time.
func BenchmarkRearm(b *testing.B) {
	benchModes(b, func(b *testing.B, p poller.Poller, m poller.Mode) {
		deadline := p.Now() + int64(time.Hour)
		for b.Loop() {
			deadline--
			p.Wake()
			if _, err := p.Wait(deadline, m); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkPingPong is a goroutine that writes a byte when told to, and a
// poller that waits for it.
func BenchmarkPingPong(b *testing.B) {
	benchModes(b, func(b *testing.B, p poller.Poller, m poller.Mode) {
		pair := pipes(b, 2)
		defer unix.Close(pair[0])
		defer unix.Close(pair[1])
		p.Add(pair[0], 1, poller.In)
		done := make(chan struct{})
		turn := make(chan struct{})
		go func() {
			defer close(done)
			for range turn {
				unix.Write(pair[1], []byte("x"))
			}
		}()
		var buf [8]byte
		for b.Loop() {
			turn <- struct{}{}
			if _, err := p.Wait(poller.NoDeadline, m); err != nil {
				b.Fatal(err)
			}
			unix.Read(pair[0], buf[:])
		}
		close(turn)
		<-done
		p.Remove(pair[0])
	})
}

func BenchmarkAddRemove(b *testing.B) {
	benchEach(b, func(b *testing.B, p poller.Poller) {
		pair := pipes(b, 2)
		defer unix.Close(pair[0])
		defer unix.Close(pair[1])
		for b.Loop() {
			p.Add(pair[0], 1, poller.In|poller.Out|poller.Edge)
			p.Remove(pair[0])
		}
	})
}
