package buffers

import "testing"

// script is a source of bytes that a fuzzer chose. After its end all is 0.
type script []byte

func (s *script) IntN(n int) int {
	v := 0
	for k := 1; k < n; k <<= 8 {
		if len(*s) > 0 {
			v = v<<8 | int((*s)[0])
			*s = (*s)[1:]
		}
	}
	return v % n
}

// FuzzChain runs a chain beside its model, with every choice of the script.
func FuzzChain(f *testing.F) {
	f.Add([]byte("\x00\x10\x05\xff\xff\x06\x10\x09\x01\xff\xff\x0a\x0c\x07\xff\xff\x0f\xff\xff"))
	f.Add([]byte("\x00\x06\x04\xff\xff\x06\x00\x01\xff\xff\x06\x02\x03\x01\xff\xff\x0a\x07\x01\x00\x02\xff\xff\x0f"))
	f.Add([]byte("\x06\x10\x05\x01\xff\xff\x06\x10\x05\x01\xff\xff\x00\x10\x09\xff\xff\x0f\xff\xff\x00\x0f\xff\xff\x00\x00\x10\x07"))
	f.Fuzz(func(t *testing.T, code []byte) {
		src := script(code[:min(len(code), 600)])
		s := &chainPair{src: &src, p: NewPool(8 << 10)}
		if err := s.run(func() bool { return len(src) > 0 }); err != nil {
			t.Fatal(err)
		}
	})
}
