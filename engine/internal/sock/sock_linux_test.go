package sock

import (
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

func TestAbstractSockets(t *testing.T) {
	fd, at := listener(t, Unix, UnixAddr(fmt.Sprintf("\x00shardloop\x00%d", os.Getpid())))
	client := connected(t, Unix, at)
	if peer, err := Peer(client); err != nil || peer != at {
		t.Errorf("the peer is %q, %v, want %q", peer, err, at)
	}
	accepted(t, fd)
	_, auto := listener(t, Unix, UnixAddr(""))
	if name := auto.Name(); len(name) != 6 || name[0] != 0 {
		t.Errorf("the kernel chose the name %q", name)
	}
}

func TestUnknownFamily(t *testing.T) {
	fd, err := Open(Kind{unix.AF_NETLINK, unix.SOCK_RAW, 0})
	closing(t, fd, err)
	if a, err := Name(fd); err != nil || a.IsValid() {
		t.Errorf("the name is %q, %v, want none", a, err)
	}
}

// TestRightsOfOthers: what comes beside descriptors is not taken for them.
func TestRightsOfOthers(t *testing.T) {
	level := Rights([]int{1})
	level[unix.CmsgLen(0)-8]++
	for name, control := range map[string][]byte{"another type": unix.UnixCredentials(&unix.Ucred{}), "another level": level} {
		if fds, err := ParseRights(control); err != nil || fds != nil {
			t.Errorf("%s: %v, %v", name, fds, err)
		}
	}
}
