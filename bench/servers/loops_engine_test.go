package servers

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"
)

// groupRoles are the roles of several loops, with how many they have.
var groupRoles = map[string]int{
	"loops-1": 1, "loops-2": 2, "loops-4": 4, "kernel-4": 4, "least-4": 4, "stalled-4": 4, "across-2": 2,
}

// Every server of several loops sends back what it gets, and tells which loop a
// connection is on: one of as many as it has, and always the same.
func TestGroupRoles(t *testing.T) {
	for role, loops := range groupRoles {
		everyServer(t, role, "tcp", func(t *testing.T, address string) {
			count := map[int]int{}
			for range 64 {
				conn := dial(t, "tcp", address)
				echoes(t, conn)
				loop := whichLoop(t, conn)
				count[loop]++
				echoes(t, conn)
				if whichLoop(t, conn) != loop {
					t.Error("a connection has moved")
				}
			}
			for loop := range loops {
				if count[loop] == 0 {
					t.Errorf("loop %d has none of 64 connections: %v", loop, count)
				}
			}
			if len(count) != loops {
				t.Errorf("connections on %d loops, want %d", len(count), loops)
			}
		})
	}
}

// The roles of the fewest connections are even.
func TestLeastRolesAreEven(t *testing.T) {
	for _, role := range []string{"least-4", "stalled-4", "across-2"} {
		everyServer(t, role, "tcp", func(t *testing.T, address string) {
			loops := groupRoles[role]
			count := make([]int, loops)
			for range 8 * loops {
				conn := dial(t, "tcp", address)
				count[whichLoop(t, conn)]++
			}
			for loop, n := range count {
				if n != 8 {
					t.Errorf("loop %d has %d connections, want 8: %v", loop, n, count)
				}
			}
		})
	}
}

// A role that stalls holds up its loop, again and again.
func TestStallHoldsUpALoop(t *testing.T) {
	everyServer(t, "stalled-4", "tcp", func(t *testing.T, address string) {
		for on := false; !on; {
			conn := dial(t, "tcp", address)
			on = whichLoop(t, conn) == StalledLoop
			for start := time.Now(); on && time.Since(start) < StallTime/2; {
				start = time.Now()
				echoes(t, conn) // until one takes that long
			}
		}
	})
}

// whichLoop asks.
func whichLoop(t *testing.T, conn net.Conn) int {
	t.Helper()
	p := make([]byte, QuestionSize)
	conn.Write(Question())
	if _, err := io.ReadFull(conn, p); err != nil {
		t.Fatal(err)
	}
	loop, yes := Numbered(p)
	if !yes {
		t.Fatalf("%v is no number", p)
	}
	return loop
}

// echoes sends something, which must come back.
func echoes(t *testing.T, conn net.Conn) {
	t.Helper()
	want := bytes.Repeat([]byte("0123456789abcdef"), 12)
	got := make([]byte, len(want))
	conn.Write(want)
	if _, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%q, %v", got, err)
	}
}
