package sock

import (
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// absent is a CPU that nobody has.
const absent = 1 << 20

// someCPUs are the first and the last CPU that the test may run on.
func someCPUs(t *testing.T) (first, last int) {
	t.Helper()
	set := unix.NewCPUSet(1 << 13)
	must(t, unix.SchedGetaffinityDynamic(0, set))
	first = -1
	for cpu := range 1 << 13 {
		if set.IsSet(cpu) {
			if last = cpu; first < 0 {
				first = cpu
			}
		}
	}
	return first, last
}

// onCPU runs fn on a CPU, on a thread that ends with it.
func onCPU(t *testing.T, cpu int, fn func()) {
	t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		set := unix.NewCPUSet(cpu + 1)
		set.Set(cpu)
		err := unix.SchedSetaffinityDynamic(0, set)
		if err == nil {
			fn()
		}
		done <- err
	}()
	must(t, <-done)
}

// sharing are n sockets on one port, bound and not listening, the first of which
// is shared last.
func sharing(t *testing.T, n int) (fds []int, at Addr) {
	t.Helper()
	at = ipAddr(t, "127.0.0.1:0")
	for range n {
		fd := opened(t, Inet, Stream)
		if len(fds) > 0 {
			must(t, Set(fd, ReusePort, true))
		}
		must(t, Bind(fd, Inet, at))
		if len(fds) == 0 {
			must(t, Set(fd, ReusePort, true))
			named, err := Name(fd)
			must(t, err)
			at = named
		}
		fds = append(fds, fd)
	}
	return fds, at
}

// steered makes the sockets listen, the last one first, under a program.
func steered(t *testing.T, fds, cpus []int) {
	t.Helper()
	slices.Reverse(fds)
	must(t, Listen(fds[0], 8))
	err := Steer(fds[0], cpus)
	if errors.Is(err, unix.ENOPROTOOPT) {
		t.Skip("this kernel does not steer")
	}
	must(t, err)
	for _, fd := range fds[1:] {
		must(t, Listen(fd, 8))
	}
}

// takers are the numbers of the sockets that get connections from the calling
// thread.
func takers(t *testing.T, fds []int, at Addr) []int {
	seen := map[int]bool{}
	for range 200 {
		c, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err == nil {
			err = unix.Connect(c, at.sockaddr4())
		}
		if err != nil {
			t.Error(err)
		}
		for i, fd := range fds {
			if conn, _, err := Accept(fd); err == nil {
				seen[i] = true
				_ = unix.Close(conn)
			}
		}
		_ = unix.Close(c)
	}
	return slices.Sorted(maps.Keys(seen))
}

// sockaddr4 is the address for package unix.
func (a Addr) sockaddr4() *unix.SockaddrInet4 {
	return &unix.SockaddrInet4{Port: int(a.AddrPort().Port()), Addr: a.AddrPort().Addr().As4()}
}

// TestSteer: a connection is the socket's whose number has the CPU that the client
// runs on, because on one machine the client's CPU handles the first packet.
func TestSteer(t *testing.T) {
	a, b := someCPUs(t)
	for _, c := range []struct {
		cpus         []int
		fromA, fromB []int // the numbers that get something
	}{
		{[]int{a, absent}, []int{0}, nil},
		{[]int{absent, a}, []int{1}, nil},
		{[]int{a, a, absent}, []int{0, 1}, nil},
		{[]int{absent, a, a, a}, []int{1, 2, 3}, nil},
		{[]int{absent, absent, absent + 1}, []int{0, 1, 2}, []int{0, 1, 2}},
		{[]int{a, b}, []int{0}, []int{1}},
		{[]int{b, a}, []int{1}, []int{0}},
		{[]int{b, b, a}, []int{2}, []int{0, 1}},
		{[]int{b, absent, a, a}, []int{2, 3}, []int{0}},
	} {
		t.Run(fmt.Sprint(c.cpus), func(t *testing.T) {
			if a == b && slices.Contains(c.cpus, b) && c.fromB != nil {
				t.Skip("there is one CPU")
			}
			fds, at := sharing(t, len(c.cpus))
			steered(t, fds, c.cpus)
			for cpu, want := range map[int][]int{a: c.fromA, b: c.fromB} {
				if cpu == b && c.fromB == nil {
					continue
				}
				onCPU(t, cpu, func() {
					if got := takers(t, fds, at); !slices.Equal(got, want) {
						t.Errorf("from CPU %d: sockets %v, want %v", cpu, got, want)
					}
				})
			}
		})
	}
}

// TestSteerFails: a socket that shares no port cannot be steered.
func TestSteerFails(t *testing.T) {
	err := Steer(opened(t, Inet, Stream), []int{0})
	if errors.Is(err, unix.ENOPROTOOPT) {
		t.Skip("this kernel does not steer")
	}
	wantCall(t, err, "setsockopt", unix.EINVAL)
}
