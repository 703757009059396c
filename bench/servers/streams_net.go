package servers

import (
	"bufio"
	"net"
)

// netLines sends back each line by a call of its own, and sends when nothing is
// left.
func netLines(c net.Conn) {
	in, out := bufio.NewReaderSize(c, 64<<10), bufio.NewWriterSize(c, 64<<10)
	for {
		line, err := in.ReadSlice('\n')
		if err == nil {
			_, err = out.Write(line)
		}
		if err == nil && in.Buffered() == 0 {
			err = out.Flush()
		}
		if err != nil {
			return // the client tells
		}
	}
}
