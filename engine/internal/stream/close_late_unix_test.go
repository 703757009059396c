//go:build unix

package stream

import "testing"

// TestCloseRefusesWrites: all are counted, also while there is something to send, and
// nothing is written any more.
func TestCloseRefusesWrites(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(smallPair)
		x := []byte("x")
		w.turn(func() {
			o.write(pattern(1 << 20))
			o.Close()
			for name, write := range map[string]func() error{
				"Write":      func() error { _, err := o.Write(x); return err },
				"Writev":     func() error { _, err := o.Writev([][]byte{x}); return err },
				"WriteOwned": func() error { return o.WriteOwned(x, func() { t.Error("released") }) },
			} {
				equal(t, name, write(), ErrClosing)
			}
			_, err := o.Write(nil)
			equal(t, "nothing", err, nil)
		})
		equal(t, "late writes", w.sh.Stats().LateWrites, 3)
		for !o.over {
			p.read()
			w.turn()
		}
		p.read()
		equal(t, "sent", p.in, o.out)
	})
}

// TestAbortSendsNoEnd: an end that was to follow what is dropped does not come.
func TestAbortSendsNoEnd(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		w.sh.system.shutdown = func(int) error { t.Error("the write side was ended"); return nil }
		o, _ := w.connect(smallPair)
		w.turn(func() {
			o.write([]byte("held"))
			o.write(pattern(1 << 20))
			o.WriteEOF()
			o.Abort()
		})
		w.turn()
		o.says("pause lost")
	})
}

// TestEndOnAClosedLoop: nobody is told, and the descriptor is closed once.
func TestEndOnAClosedLoop(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		var all []*owner
		ends := []func(*owner){(*owner).Close, (*owner).Abort, (*owner).Drop}
		for range ends {
			o, _ := w.connect(unixPair)
			all = append(all, o)
		}
		closed := 0
		w.sh.system.close = func(fd int) { closed++; kernel.close(fd) }
		must(t, w.r.Close())
		w.sh.Close()
		for i, end := range ends {
			o := all[i]
			end(o)
			equal(t, "closed", closed, i+1)
			end(o)
			o.Drop()
			equal(t, "closed again", closed, i+1)
			o.says("")
		}
		equal(t, "open", w.sh.Stats().Open, 0)
		equal(t, "lost", w.sh.Stats().Lost, 3)
	})
}
