package engine

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"sync/atomic"
)

// unixFile is the file of a unix socket, to be removed when its server closes,
// unless it was replaced meanwhile.
type unixFile struct {
	path string
	info os.FileInfo // when the server was made
	kept atomic.Bool // for another process, which has the socket too
}

// removeFiles removes the files of a server's sockets. Failure is only logged:
// the server is closed all the same.
func removeFiles(files []*unixFile, log *slog.Logger) {
	for _, f := range files {
		if f.kept.Load() {
			continue
		}
		now, err := os.Lstat(f.path)
		if err == nil && os.SameFile(now, f.info) {
			err = os.Remove(f.path)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			log.Error("the file of a unix socket cannot be removed", "path", f.path, "error", err)
		}
	}
}
