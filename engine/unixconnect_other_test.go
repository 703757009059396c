//go:build unix && !linux

package engine_test

import (
	"os"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// TestPathsWithAnAtSign are files where there are no abstract names.
func TestPathsWithAnAtSign(t *testing.T) {
	t.Chdir(shortDir(t))
	l := newLoop(t)
	start(t, l)
	serveUnix(t, l, engine.UnixServerOptions{Path: "@s"})
	_, err := os.Stat("@s")
	must(t, err)
	says(t, client(t, unixAt("@s")), "hello")
}
