//go:build unix

package sock

import (
	"errors"
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// TestRights: a descriptor that was sent is another one of the same socket, and
// control parts without descriptors have none.
func TestRights(t *testing.T) {
	if err := CanPass(); err != nil {
		t.Fatal(err)
	}
	ends, err := Pair(Kind{Family: Unix, Type: Stream})
	if err != nil {
		t.Fatal(err)
	}
	defer Close(ends[0])
	defer Close(ends[1])
	var sent []int
	for range RightsBatch {
		sent = append(sent, ends[0])
	}
	if err := unix.Sendmsg(ends[0], []byte{1}, Rights(sent), nil, 0); err != nil {
		t.Fatal(err)
	}
	control := make([]byte, RightsRoom())
	_, n, flags, _, err := unix.Recvmsg(ends[1], make([]byte, 1), control, 0)
	if err != nil || flags&ControlTruncated != 0 {
		t.Fatal(flags, err)
	}
	fds, err := ParseRights(control[:n])
	if err != nil || len(fds) != RightsBatch {
		t.Fatalf("%v, %v", fds, err)
	}
	for _, fd := range fds {
		if k, err := KindOf(fd); err != nil || k.Type != Stream || fd == ends[0] {
			t.Errorf("%d: %+v, %v", fd, k, err)
		}
		if err := Close(fd); err != nil {
			t.Error(err)
		}
	}
	if fds, err := ParseRights(nil); err != nil || fds != nil {
		t.Errorf("nothing: %v, %v", fds, err)
	}
	if fds, err := ParseRights(make([]byte, RightsRoom())); !errors.Is(err, unix.EINVAL) || fds != nil {
		t.Errorf("zeros: %v, %v", fds, err)
	}
}

// TestRightsRoom: the room is for as many as Linux sends at once.
func TestRightsRoom(t *testing.T) {
	if got := len(Rights(make([]int, 253))); RightsRoom() != got {
		t.Errorf("%d bytes, want %d", RightsRoom(), got)
	}
}

func TestCloseOnExec(t *testing.T) {
	ends, err := Pair(Kind{Family: Unix, Type: Stream})
	if err != nil {
		t.Fatal(err)
	}
	defer Close(ends[0])
	defer Close(ends[1])
	if _, err := unix.FcntlInt(uintptr(ends[0]), unix.F_SETFD, 0); err != nil {
		t.Fatal(err)
	}
	if err := CloseOnExec(ends[0]); err != nil {
		t.Fatal(err)
	}
	if flags, err := unix.FcntlInt(uintptr(ends[0]), unix.F_GETFD, 0); err != nil || flags != unix.FD_CLOEXEC {
		t.Errorf("%d, %v", flags, err)
	}
	if err := CloseOnExec(-1); !errors.Is(err, unix.EBADF) {
		t.Errorf("no descriptor: %v", err)
	}
}

func TestPeerUser(t *testing.T) {
	ends, err := Pair(Kind{Family: Unix, Type: Stream})
	if err != nil {
		t.Fatal(err)
	}
	defer Close(ends[0])
	defer Close(ends[1])
	uid, err := PeerUser(ends[0])
	if runtime.GOOS != "linux" {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Error(err)
		}
		return
	}
	if err != nil || uid != os.Geteuid() {
		t.Errorf("%d, %v", uid, err)
	}
	if uid, err := PeerUser(-1); !errors.Is(err, unix.EBADF) || uid != -1 {
		t.Errorf("no descriptor: %d, %v", uid, err)
	}
}
