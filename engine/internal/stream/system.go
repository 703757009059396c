package stream

import "syscall"

// system is what streams ask of the kernel, one call each. It is a table, so that
// a test can have a kernel fail where a real one would not. The way through it
// costs less than 1 ns a call.
//
// What comes back:
//
//	n bytes     taken or brought, fewer than there are as well
//	EAGAIN      nothing is there, or nothing is taken, and an event will tell
//	EINTR       nothing happened: it is asked again, but for close, which has
//	            closed by then
//	else        the end of the stream. That is also ENOBUFS and ENOMEM, as in
//	            asyncio and package net: no event tells when there is memory again
type system struct {
	calls
	pipes    calls // for those who are not sockets; they may block, see pipe.go
	receive  func(fd int, p []byte, m *message) (n int, stopped bool, err error)
	shutdown func(fd int) error // the write side
	close    func(fd int)
	unsent   func(fd int) bool
}

// calls are those that move the bytes of any kind of descriptor.
type calls struct {
	read   func(fd int, p []byte) (int, error)
	write  func(fd int, p []byte) (int, error)
	writev func(fd int, pieces [][]byte, v *vector) (int, error)
}

// kernel is the real one.
var kernel = system{
	calls:   calls{sysRead, sysWrite, sysWritev},
	pipes:   calls{sysReadPipe, sysWritePipe, sysWritevPipe},
	receive: sysReceive, shutdown: sysShutdown, close: sysClose, unsent: sysUnsent,
}

// calls are those for the stream's kind.
func (s *Stream) calls() *calls {
	if s.kind.has(socket) {
		return &s.shard.system.calls
	}
	return &s.shard.system.pipes
}

func (s *Stream) sysRead(p []byte) (n int, err error) {
	for c := s.calls(); ; {
		if n, err = c.read(int(s.fd), p); err != syscall.EINTR {
			return n, err
		}
	}
}

// sysReceive is sysRead for a unix socket.
func (s *Stream) sysReceive(p []byte) (n int, stopped bool, err error) {
	for {
		if n, stopped, err = s.shard.system.receive(int(s.fd), p, &s.shard.message); err != syscall.EINTR {
			return n, stopped, err
		}
	}
}

func (s *Stream) sysWrite(p []byte) (n int, err error) {
	for c := s.calls(); ; {
		if n, err = c.write(int(s.fd), p); err != syscall.EINTR {
			return n, err
		}
	}
}

// sysWritev is sysWrite for one piece or more.
func (s *Stream) sysWritev(pieces [][]byte) (n int, err error) {
	if len(pieces) == 1 {
		return s.sysWrite(pieces[0])
	}
	for c := s.calls(); ; {
		if n, err = c.writev(int(s.fd), pieces, &s.shard.vector); err != syscall.EINTR {
			return n, err
		}
	}
}

func (s *Stream) sysShutdown() (err error) {
	for {
		if err = s.shard.system.shutdown(int(s.fd)); err != syscall.EINTR {
			return err
		}
	}
}
