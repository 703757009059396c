package servers

import (
	"bufio"
	"io"
	"net"
)

// netPipelined answers each request by a call of its own, and sends when no
// whole one is left.
func netPipelined(c net.Conn) {
	in, out := bufio.NewReaderSize(c, 64<<10), bufio.NewWriterSize(c, 64<<10)
	for request := make([]byte, PipelinedSize); ; {
		_, err := io.ReadFull(in, request)
		if err == nil {
			_, err = out.Write(request)
		}
		if err == nil && in.Buffered() < PipelinedSize {
			err = out.Flush()
		}
		if err != nil {
			return // the client tells
		}
	}
}
