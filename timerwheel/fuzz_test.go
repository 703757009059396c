package timerwheel

import "testing"

// FuzzWheel reads a script, four bytes an operation: which, on which timer,
// and a deadline as a signed byte shifted by another, counted from the latest
// limit.
func FuzzWheel(f *testing.F) {
	f.Add([]byte("\x00\x00\x01\x10\x00\x00\x01\x10\x05\x00\x02\x10"))
	f.Add([]byte("\x00\x00\x7f\x38\x00\x00\x80\x38\x06\x00\x00\x00\x03\x01\x00\x00\x06\x00\x00\x00"))
	f.Add([]byte("\x00\x00\x02\x16\x00\x00\x03\x16\x05\x00\x02\x16\x00\x00\x00\x00\x00\x00\xff\x00\x04\x01\xfe\x08\x05\x00\x01\x3e"))
	f.Add([]byte("\x00\x00\x01\x3f\x00\x00\xff\x3f\x05\x00\x01\x3f\x06\x00\x00\x00\x05\x00\xff\x3e"))
	f.Fuzz(func(t *testing.T, code []byte) {
		var p pair
		now := int64(0)
		for i := 0; i+4 <= min(len(code), 1200); i += 4 {
			id, at := ID(code[i+1]), now+int64(int8(code[i+2]))<<(code[i+3]%64)
			var err error
			switch code[i] % 8 {
			case 3:
				err = p.cancel(id)
			case 4:
				err = p.move(id, at)
			case 5:
				now = at
				err = p.pop(now)
			case 6:
				err = p.next(int64(code[i+1]))
			case 7:
				if len(p.m.sorted) > 0 {
					err = p.cancel(p.m.sorted[0].id)
				}
			default:
				err = p.add(at)
			}
			if err != nil {
				t.Fatalf("operation %d: %v", i/4, err)
			}
		}
		if err := p.drain(); err != nil {
			t.Fatal(err)
		}
	})
}
