package servers

// PipelinedSize is the size of a request of the role pipelined.
const PipelinedSize = 64

// pipelined answers each request by a call of its own.
type pipelined struct {
	pong
	part []byte // of a request that has not come whole
}

func (p *pipelined) DataReceived(b []byte) {
	if len(p.part) > 0 {
		n := min(PipelinedSize-len(p.part), len(b))
		p.part, b = append(p.part, b[:n]...), b[n:]
		if len(p.part) < PipelinedSize {
			return
		}
		p.pong.DataReceived(p.part)
	}
	for ; len(b) >= PipelinedSize; b = b[PipelinedSize:] {
		p.pong.DataReceived(b[:PipelinedSize])
	}
	p.part = append(p.part[:0], b...)
}
