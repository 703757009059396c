package engine

// DatagramTransport is the other end of a DatagramProtocol: a socket's datagrams,
// asyncio's DatagramTransport. All methods are loop only, but for Loop.
//
// What is sent goes out in order, without blocking. The loop may hold back up to 64
// datagrams, or 64 KiB, until the batch that it is delivering, or the turn, is over,
// to send them with one system call. What the kernel does not take is the write
// buffer, in which each datagram counts for 8 bytes besides its own; its size pauses
// and resumes a FlowController. Only unix sockets, whose reader does not read, and
// devices that are slower than the program fill it: where the network itself is
// full, datagrams are lost as ever.
type DatagramTransport interface {
	// Loop is the loop that the transport lives on, all its life.
	Loop() *Loop

	// SendTo sends a copy of p, which may be empty: sendto. The zero Addr is the
	// remote address of the endpoint, and its only one. It fails with an *ArgError
	// for an address that is not the remote one, or not of the socket's family, or
	// missing; and with ErrTransportClosing, of which the fifth is logged. What the
	// system says about a datagram is told by ErrorReceived, in a later turn. It
	// allocates nothing.
	SendTo(p []byte, to Addr) error
	// WriteEOF fails with ErrUnsupported: datagrams have no end. write_eof
	WriteEOF() error

	// SetWriteBufferLimits sets the marks: set_write_buffer_limits; see Transport.
	SetWriteBufferLimits(high, low int) error
	// WriteBufferLimits are the marks: get_write_buffer_limits.
	WriteBufferLimits() (low, high int)
	// WriteBufferSize is the size of what the kernel has not taken:
	// get_write_buffer_size.
	WriteBufferSize() int

	// Close ends the endpoint when all was sent: close. Nothing is received any more, nor
	// does SendTo take anything, whereas asyncio still sends for who is not connected;
	// ConnectionLost follows in a later turn. Config.CloseTimeout limits the time.
	Close()
	// Abort ends the endpoint and drops what was not sent: abort.
	Abort()
	// IsClosing reports whether the transport is closing or lost: is_closing.
	IsClosing() bool

	// ExtraInfo is what else is known, nil for an unknown key: get_extra_info.
	// "socket" is a *TransportSocket, "sockname" and "peername" are net.Addr;
	// "peername" is nil unless the socket is connected.
	ExtraInfo(key string) any
	// SetProtocol changes who is told of what comes next: set_protocol. It does
	// nothing once the endpoint is lost.
	SetProtocol(p DatagramProtocol)
	// Protocol is who is told, nil once the endpoint is lost: get_protocol.
	Protocol() DatagramProtocol
}
