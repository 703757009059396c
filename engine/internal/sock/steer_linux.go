package sock

import (
	"os"

	"golang.org/x/sys/unix"
)

// What a classic BPF program can load besides the packet, at an offset of its own,
// of linux/filter.h.
const (
	aside       = 0xfffff000 // SKF_AD_OFF
	asideCPU    = aside + 36
	asideRandom = aside + 56
)

// nobody is an answer that is no socket's number: the kernel goes by its hash then.
const nobody = 1<<32 - 1

func steer(fd int, cpus []int) error {
	code := steering(cpus)
	return os.NewSyscallError("setsockopt", unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET,
		unix.SO_ATTACH_REUSEPORT_CBPF, &unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}))
}

// steering is the program: for each CPU it compares, and picks one of its sockets.
func steering(cpus []int) []unix.SockFilter {
	code := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: asideCPU}}
	for first, n := 0, 0; first < len(cpus); first += n {
		for n = 1; first+n < len(cpus) && cpus[first+n] == cpus[first]; n++ {
		}
		pick := picking(first, n)
		code = append(code, unix.SockFilter{
			Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: uint32(cpus[first]), Jf: uint8(len(pick)),
		})
		code = append(code, pick...)
	}
	return append(code, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: nobody})
}

// picking answers one of n numbers from first on, by chance.
func picking(first, n int) []unix.SockFilter {
	if n == 1 {
		return []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: uint32(first)}}
	}
	return []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: asideRandom},
		{Code: unix.BPF_ALU | unix.BPF_MOD | unix.BPF_K, K: uint32(n)},
		{Code: unix.BPF_ALU | unix.BPF_ADD | unix.BPF_K, K: uint32(first)},
		{Code: unix.BPF_RET | unix.BPF_A},
	}
}
