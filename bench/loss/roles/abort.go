package roles

import "context"

// What a client asks the role loss-abort for by its first byte. Any other byte is
// sent back.
const (
	AskAbort  = 'a' // write the payload, abort, and write again
	AskWrites = 'w' // write in pieces to a peer that is gone by then
)

// abort ends connections with output under way.
type abort struct {
	Plain
	payload []byte
}

func aborting(_ context.Context, s Setup) func() Handler {
	r := abort{payload: Payload(s.Size)}
	return func() Handler { return r }
}

// Data does what the client asks for. Writes may fail; the process may not.
func (r abort) Data(c Conn, p []byte) {
	switch p[0] {
	case AskAbort:
		_ = c.Write(r.payload)
		c.Abort()
		_ = c.Write(r.payload)
		c.Abort()
	case AskWrites:
		for _, piece := range split(r.payload, 16) {
			_ = c.Write(piece)
		}
	default:
		_ = c.Write(p)
	}
}
