package dgram

import "syscall"

// system is what endpoints ask of the kernel, one call each. It is a table, so that
// a test can have a kernel fail where a real one would not.
//
// What comes back:
//
//	n messages  brought, or taken, fewer than there are as well; an error beside
//	            them came behind them
//	EAGAIN      nothing is there, or nothing is taken, and an event will tell, but
//	            for a unix peer's full queue
//	EINTR       nothing happened: it is asked again
//	else        what became of a datagram
type system struct {
	receive func(fd int, in *inbox) (n int, err error)
	send    func(fd int, list []packet, s sending, out *outbox) (n int, err error)
	offload func(fd int) error
	close   func(fd int)
}

// sending is how the datagrams of an endpoint go out.
type sending struct {
	family int
	join   bool // datagrams of one size to one address
}

// outbox is the room for what one call sends.
type outbox struct {
	first  int // datagrams in the first message of the last call
	kernel sent
}

// kernel is the real one.
var kernel = system{sysReceive, sysSend, sysOffload, sysClose}

func (sh *Shard) receive(fd int, in *inbox) (n int, err error) {
	for {
		if n, err = sh.system.receive(fd, in); err != syscall.EINTR {
			return n, err
		}
	}
}

// send sends from the head of the queue of e.
func (sh *Shard) send(e *Endpoint) (n int, err error) {
	list, how := e.out.waiting(), sending{e.kind.Family, e.is(offload)}
	if e.plain > 0 {
		list, how.join = list[:min(e.plain, len(list))], false
	}
	for {
		if n, err = sh.system.send(int(e.fd), list, how, &sh.out); err != syscall.EINTR {
			return n, err
		}
	}
}
