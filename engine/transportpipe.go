package engine

import (
	"net"
	"os"
	"sync"
	"syscall"
)

// TransportPipe is the pipe of a transport, for those who want to look at it or
// change it, the size of a terminal's window, say. Only the transport reads, writes
// and closes, and the pipe has to stay one that does not block.
//
// It may be kept beyond the transport's end: then it has no descriptor any more,
// in place of one that has become another's. All methods are for any goroutine.
type TransportPipe struct {
	name     string
	standard *os.File // is closed with the transport; nil for most

	mu sync.Mutex // held during every use, so that the descriptor does not go under it
	fd int        // guarded by mu; -1 when it is gone
}

// Name is the name of the file that the pipe was.
func (p *TransportPipe) Name() string { return p.name }

// Fd is the number of the transport's descriptor, which is not the file's, or -1
// when it is gone: fileno. The number is good for as long as the caller knows that
// the transport is there.
func (p *TransportPipe) Fd() FD {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fd
}

// SyscallConn gives access to the descriptor, for Control alone. It implements
// syscall.Conn.
func (p *TransportPipe) SyscallConn() (syscall.RawConn, error) { return rawPipe{p}, nil }

// detach is called before the descriptor is closed. It waits for a use that is
// under way, and none begins afterwards.
func (p *TransportPipe) detach() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fd >= 0 && p.standard != nil {
		_ = p.standard.Close() // unless the program has
	}
	p.fd = -1
}

// rawPipe is a pipe for package syscall.
type rawPipe struct{ pipe *TransportPipe }

// Control calls fn with the descriptor, which stays open until fn returns. It fails
// with net.ErrClosed when the transport is gone.
func (r rawPipe) Control(fn func(fd uintptr)) error {
	p := r.pipe
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fd < 0 {
		return pipeError("control", p.name, net.ErrClosed)
	}
	fn(uintptr(p.fd))
	return nil
}

// Read fails with ErrUnsupported: the transport reads.
func (r rawPipe) Read(func(fd uintptr) (done bool)) error {
	return pipeError("read", r.pipe.name, ErrUnsupported)
}

// Write fails with ErrUnsupported: the transport writes.
func (r rawPipe) Write(func(fd uintptr) (done bool)) error {
	return pipeError("write", r.pipe.name, ErrUnsupported)
}
