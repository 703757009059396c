package buffers

import "testing"

// Every size up to the largest is in the smallest class that holds it.
func TestClassOf(t *testing.T) {
	want, size := 0, MinBlock
	for n := -1; n <= MaxBlock; n++ {
		if n > size {
			want, size = want+1, 2*size
		}
		if got := classOf(n); got != want || sizeOf(got) != size {
			t.Fatalf("%d bytes: class %d of %d bytes, want %d of %d", n, got, sizeOf(got), want, size)
		}
	}
	if want != classes-1 {
		t.Errorf("the last class is %d, want %d", want, classes-1)
	}
	for _, n := range []int{MaxBlock + 1, 2 * MaxBlock, 1 << 30} {
		if classOf(n) != unpooled {
			t.Errorf("%d bytes are in class %d", n, classOf(n))
		}
	}
}
