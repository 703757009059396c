package buffers

import (
	"fmt"
	"testing"
)

func BenchmarkGetPut(b *testing.B) {
	for name, bound := range map[string]int{"pool": 0, "shared": -1} {
		b.Run(name, func(b *testing.B) {
			p := NewPool(bound)
			b.ReportAllocs()
			for b.Loop() {
				p.Put(p.Get(4 << 10))
			}
		})
	}
}

func BenchmarkChainCopy(b *testing.B) {
	for _, n := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("%dx64", n), func(b *testing.B) {
			var c Chain
			p, data := NewPool(0), make([]byte, 64)
			b.ReportAllocs()
			for b.Loop() {
				for range n {
					c.Copy(p, data)
				}
				c.Drop(p, n*len(data))
			}
		})
	}
}

func BenchmarkChainOwn(b *testing.B) {
	var c Chain
	p, data, release := NewPool(0), make([]byte, 64), func() {}
	view := make([][]byte, 0, 8)
	b.ReportAllocs()
	for b.Loop() {
		c.Own(p, data, release)
		c.View(view)
		c.Drop(p, len(data))
	}
}

func BenchmarkRefCopy(b *testing.B) {
	p, data := NewPool(0), make([]byte, 64)
	b.ReportAllocs()
	for b.Loop() {
		p.Copy(data, nil).Release()
	}
}

func BenchmarkRefShare(b *testing.B) {
	r := NewPool(0).Copy(make([]byte, 64), nil)
	b.ReportAllocs()
	for b.Loop() {
		r.Share().Release()
	}
}
