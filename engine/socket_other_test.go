//go:build !unix

package engine_test

import (
	"testing"

	"github.com/shardloop/shardloop/engine"
)

func TestSocketUnsupported(t *testing.T) {
	_, err := engine.NewSocket(engine.AFInet, engine.SockStream, 0)
	wantErr(t, "NewSocket", err, engine.ErrUnsupported)
	_, _, err = engine.SocketPair(engine.AFUnix, engine.SockStream, 0)
	wantErr(t, "SocketPair", err, engine.ErrUnsupported)
}
