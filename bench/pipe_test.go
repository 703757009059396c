package bench

import "testing"

// A passage begins to measure behind its warm-up, and ends with its last byte, however
// it is cut.
func TestPassage(t *testing.T) {
	task := Task{Spec{Params: Params{"mib": 2, "warmup": 1}}}
	for _, cut := range []int{1 << 10, 64 << 10, 100_000, 3 << 20} {
		f := newPassage(task)
		sum, begun := 0, 0
		for p := f.next(); len(p) > 0; p = f.next() {
			sum += len(p)
		}
		if sum != 3<<20 {
			t.Errorf("%d bytes to be written", sum)
		}
		for left := sum; left > 0; left -= min(cut, left) {
			more := f.arrived(min(cut, left))
			if more != (left > cut) {
				t.Fatalf("cut to %d: more is %t with %d left", cut, more, left)
			}
			if begun == 0 && !f.start.IsZero() {
				begun = sum - left + min(cut, left)
			}
		}
		if begun < 1<<20 || begun >= 1<<20+cut {
			t.Errorf("cut to %d: it began at %d", cut, begun)
		}
		if f.metrics()["time"] <= 0 {
			t.Errorf("cut to %d: %v", cut, f.metrics())
		}
	}
}
