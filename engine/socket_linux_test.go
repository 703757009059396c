package engine_test

import (
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

func TestSocketOfUnknownFamily(t *testing.T) {
	s := newSocket(t, syscall.AF_NETLINK, engine.SockRaw)
	at, err := s.LocalAddr()
	wantOpError(t, err, "getsockname", "socket", engine.ErrUnsupported)
	if at != nil {
		t.Errorf("it has the address %v", at)
	}
}
