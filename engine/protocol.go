package engine

// Protocol is what a program makes of a connection's bytes: asyncio's Protocol.
// The loop calls it, in this order:
//
//	ConnectionMade, DataReceived*, EOFReceived?, ConnectionLost
//
// ConnectionMade and ConnectionLost come once each, nothing before the one or
// after the other. Every call comes from the loop, never out of a call of the
// transport's, but for those of a FlowController.
//
// A panic is the exception of asyncio: it goes to the exception handler, and one
// in DataReceived, EOFReceived or a BufferedProtocol's methods ends the
// connection with it as the error. Embed BaseProtocol for methods that do
// nothing.
type Protocol interface {
	// ConnectionMade tells that the connection is there: connection_made.
	ConnectionMade(t Transport)
	// DataReceived brings bytes, at least one: data_received. p is valid until
	// the method returns, and must not be changed after that either;
	// Transport.Retain keeps it.
	DataReceived(p []byte)
	// EOFReceived tells that the peer sends no more: eof_received. The transport
	// closes itself afterwards, unless keepOpen is true; then it can still write, and
	// stays open until Close, also when WriteEOF ends the other direction. A reset
	// that comes behind the end is found by a write or a timeout alone.
	EOFReceived() (keepOpen bool)
	// ConnectionLost tells that the connection is gone: connection_lost. err is
	// nil after Abort, after the peer's end, and after Close if all was sent.
	ConnectionLost(err error)
}

// ProtocolFactory makes the protocol of a new connection, on its loop.
type ProtocolFactory func() Protocol

// FlowController is a Protocol that wants to know when the peer does not keep
// up. Its methods are called out of the writes that cause them, strictly
// alternating, PauseWriting first. A panic in them is reported, and the
// transport goes on.
type FlowController interface {
	// PauseWriting tells that the write buffer is larger than the high mark:
	// pause_writing.
	PauseWriting()
	// ResumeWriting tells that it is down to the low mark: resume_writing.
	ResumeWriting()
}

// BufferedProtocol is a Protocol that has its own memory filled, in place of
// DataReceived: asyncio's BufferedProtocol.
type BufferedProtocol interface {
	// GetBuffer returns where the next bytes go: get_buffer. sizeHint is how many
	// would be good, -1 for any number. Empty memory ends the connection.
	GetBuffer(sizeHint int) []byte
	// BufferUpdated tells how many came, at least one: buffer_updated. A call of
	// GetBuffer need not be followed by one.
	BufferUpdated(n int)
}

// BaseProtocol has all methods of Protocol and FlowController, which do nothing:
// asyncio's BaseProtocol and Protocol.
type BaseProtocol struct{}

// ConnectionMade does nothing.
func (BaseProtocol) ConnectionMade(Transport) {}

// DataReceived does nothing.
func (BaseProtocol) DataReceived([]byte) {}

// EOFReceived lets the transport close.
func (BaseProtocol) EOFReceived() (keepOpen bool) { return false }

// ConnectionLost does nothing.
func (BaseProtocol) ConnectionLost(error) {}

// PauseWriting does nothing.
func (BaseProtocol) PauseWriting() {}

// ResumeWriting does nothing.
func (BaseProtocol) ResumeWriting() {}
