package engine

import (
	"errors"
	"io/fs"
	"os"
)

// unixFile is the file of a unix socket, to be removed when its server closes,
// unless it was replaced meanwhile.
type unixFile struct {
	path string
	info os.FileInfo // when the server was made
}

// removeFiles removes the files of the server's sockets. Failure is only logged:
// the server is closed all the same.
func (s *Server) removeFiles() {
	for _, f := range s.files {
		now, err := os.Lstat(f.path)
		if err == nil && os.SameFile(now, f.info) {
			err = os.Remove(f.path)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.loop.log.Error("the file of a unix socket cannot be removed", "path", f.path, "error", err)
		}
	}
	s.files = nil
}
