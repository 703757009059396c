package servers

import (
	"bytes"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// writes is a transport that notes the calls.
type writes struct {
	engine.Transport
	calls [][]byte
}

func (w *writes) Write(p []byte) (int, error) {
	w.calls = append(w.calls, bytes.Clone(p))
	return len(p), nil
}

// Each request is one call, however they come in.
func TestPipelinedAnswersEachRequest(t *testing.T) {
	all := make([]byte, 5*PipelinedSize)
	for i := range all {
		all[i] = byte(i * 7)
	}
	for size := 1; size <= len(all); size++ {
		w := &writes{}
		p := &pipelined{}
		p.ConnectionMade(w)
		for from := 0; from < len(all); from += size {
			p.DataReceived(all[from:min(from+size, len(all))])
		}
		if len(w.calls) != 5 || !bytes.Equal(bytes.Join(w.calls, nil), all) {
			t.Errorf("pieces of %d: %d calls", size, len(w.calls))
		}
	}
}
