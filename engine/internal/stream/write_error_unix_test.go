//go:build unix

package stream

import "testing"

// TestAWriteErrorResumesNobody: an owner that was told to pause is told of the
// loss alone, although nothing is left in the buffer.
func TestAWriteErrorResumesNobody(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(smallPair)
		o.PauseReading() // so that it is the writing which fails
		w.turn(func() { o.write(pattern(1 << 20)) })
		o.says("pause")
		p.close()
		w.until(func() bool { return o.over })
		o.says("pause lost:write: write: broken pipe")
		equal(t, "left", o.Buffered(), 0)
	})
}
