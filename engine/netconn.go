package engine

import (
	"context"
	"io"
	"net"
	"sync"

	"github.com/shardloop/shardloop/buffers"
)

// Conn is a transport as a net.Conn, for everything that is written against
// package net, net/http and crypto/tls among it. Dial and Listen make it, and its
// protocol is its own.
//
//	       the loop                           any goroutine
//	DataReceived --> a Read that waits  --->  Read
//	             \-> pending  ------------->
//	Transport    <-- the mailbox  <---------  Write, CloseWrite, Close
//
// All methods may be called on any goroutine, but Read and Write not on that of a
// loop, which they would block: there they fail with ErrNotInTask, also in a task,
// which uses a StreamReader, or RunInExecutor. They wait while the loop does not
// run, until their deadline.
//
// Read copies once, from the loop's memory to the caller's if it waits already.
// With more than 64 KiB pending the transport is paused, down to 16 KiB. Write
// copies, and waits while more than the high mark of the transport is on its way.
// What Write has taken is sent, also after Close, which does not wait for it.
//
// Errors are *net.OpError: os.ErrDeadlineExceeded at a deadline, net.ErrClosed after
// Close, and ErrLoopClosed when the loop was closed. A write after CloseWrite is
// syscall.EPIPE. At the peer's end Read is io.EOF, and writing goes on.
type Conn struct {
	listener      *Listener // nil for one of Dial
	transport     Transport
	local, remote net.Addr

	readUntil, writeUntil deadline
	reading, writing      sync.Mutex    // held by Read, and by Write
	changed               chan struct{} // tells the Read that waits, if there is one

	mu      sync.Mutex
	target  []byte           // of the Read that waits; guarded by mu
	filled  int              // of a target that was taken; guarded by mu
	pending *buffers.Scratch // nil for nothing; guarded by mu
	from    int              // of pending, what is unread; guarded by mu
	paused  bool             // the transport; guarded by mu
	end     error            // of what comes; guarded by mu
	lost    error            // with which the connection was; guarded by mu
	shut    bool             // CloseWrite was called; guarded by mu
	closed  bool             // Close was called; guarded by mu
}

// Of what is pending.
const (
	mostPending  = 64 << 10
	easedPending = mostPending / 4
)

func newConn(l *Listener) *Conn { return &Conn{listener: l, changed: make(chan struct{}, 1)} }

// Dial is CreateConnection for package net. It fails and waits as that does.
func Dial(ctx context.Context, l *Loop, o ConnectOptions) (*Conn, error) {
	_, c, err := Connect(ctx, l, func() *connProtocol { return (*connProtocol)(newConn(nil)) }, o)
	return (*Conn)(c), err
}

// DialUnix is CreateUnixConnection for package net.
func DialUnix(ctx context.Context, l *Loop, o UnixConnectOptions) (*Conn, error) {
	_, p, err := l.CreateUnixConnection(ctx, func() Protocol { return (*connProtocol)(newConn(nil)) }, o)
	c, _ := p.(*connProtocol)
	return (*Conn)(c), err
}

// connProtocol is a Conn as the protocol of its transport.
type connProtocol Conn

// ConnectionMade implements Protocol.
func (p *connProtocol) ConnectionMade(t Transport) {
	p.transport = t
	p.local, _ = t.ExtraInfo("sockname").(net.Addr)
	p.remote, _ = t.ExtraInfo("peername").(net.Addr)
	_ = t.Loop().exports.add(p) // the loop runs
	if p.listener != nil {
		p.listener.arrived((*Conn)(p))
	}
}

// DataReceived implements Protocol.
func (p *connProtocol) DataReceived(data []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.target != nil {
		p.filled = copy(p.target, data)
		data, p.target = data[p.filled:], nil
	}
	if len(data) > 0 {
		p.keep(data)
	}
	p.tell()
}

// keep keeps what no Read waits for. It has the lock.
func (p *connProtocol) keep(data []byte) {
	if p.pending == nil {
		p.pending = buffers.GetScratch()
	}
	if p.from > len(p.pending.B)/2 { // else it grows for as long as something is left
		p.pending.B = p.pending.B[:copy(p.pending.B, p.pending.B[p.from:])]
		p.from = 0
	}
	p.pending.B = append(p.pending.B, data...)
	if !p.paused && len(p.pending.B)-p.from > mostPending {
		p.paused = true
		p.transport.PauseReading()
	}
}

// tell wakes the Read that waits.
func (p *connProtocol) tell() {
	select {
	case p.changed <- struct{}{}:
	default: // it is told already
	}
}

// EOFReceived implements Protocol. Writing goes on until Close.
func (p *connProtocol) EOFReceived() bool {
	p.ended(io.EOF)
	return true
}

// ConnectionLost implements Protocol.
func (p *connProtocol) ConnectionLost(err error) {
	p.transport.Loop().exports.remove(p)
	if err == nil {
		err = net.ErrClosed
	}
	p.gone(err)
}

// abandon is the end for a loop that is closed.
func (p *connProtocol) abandon(err error) { p.gone(err) }

func (p *connProtocol) gone(err error) {
	p.mu.Lock()
	p.lost = err
	p.mu.Unlock()
	p.ended(err)
}

// ended notes that nothing comes any more. The first reason counts.
func (p *connProtocol) ended(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.end == nil {
		p.end = err
	}
	p.tell()
}
