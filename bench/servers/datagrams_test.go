package servers

import (
	"bytes"
	"testing"
)

func TestDatagramRoles(t *testing.T) {
	for _, role := range []string{"datagrams", "joined"} {
		everyServer(t, role, "udp", func(t *testing.T, address string) {
			conn := dial(t, "udp", address)
			for _, size := range []int{64, 1, 64, 64, 1000} {
				want := bytes.Repeat([]byte{byte(size)}, size)
				conn.Write(want)
				got := make([]byte, 2000)
				if n, err := conn.Read(got); err != nil || !bytes.Equal(got[:n], want) {
					t.Errorf("%q, %v", got[:n], err)
				}
			}
		})
	}
}

func TestDrains(t *testing.T) {
	everyServer(t, "drain", "udp", func(t *testing.T, address string) {
		conn := dial(t, "udp", address)
		for _, want := range []byte{1, 3} {
			for range want - 1 {
				conn.Write([]byte{1})
			}
			conn.Write([]byte{Asking})
			got := make([]byte, 9)
			if n, err := conn.Read(got); err != nil || n != 8 || got[0] != want+want/3 {
				t.Errorf("%v, %v", got[:n], err)
			}
		}
	})
}
