package engine

import "github.com/shardloop/shardloop/engine/internal/dgram"

// DatagramProtocol is what a program makes of the datagrams of an endpoint:
// asyncio's DatagramProtocol. The loop calls it, in this order:
//
//	ConnectionMade, (DatagramReceived or ErrorReceived)*, ConnectionLost
//
// ConnectionMade and ConnectionLost come once each, nothing before the one or
// after the other. Every call comes from the loop, never out of a call of the
// transport's, but for those of a FlowController, which it may be.
//
// A panic is the exception of asyncio: it goes to the exception handler, and the
// endpoint goes on with the next datagram. Embed BaseDatagramProtocol for methods
// that do nothing.
type DatagramProtocol interface {
	// ConnectionMade tells that the endpoint is there: connection_made.
	ConnectionMade(t DatagramTransport)
	// DatagramReceived brings one datagram: datagram_received. p may be empty; it is
	// valid until the method returns, and must not be changed after that. from is none
	// for a unix peer that has no name. Datagrams come in the order in which the
	// system has queued them.
	DatagramReceived(p []byte, from Addr)
	// ErrorReceived tells of an error that ends nothing: error_received. It is a
	// *net.OpError: a datagram that could not be sent, with the address that it was
	// for; an answer of the network, that nobody listens there say; or one that holds a
	// *TruncatedError. Answers are no receipt: the network loses some, and Linux those
	// that come while it sends several datagrams at once.
	ErrorReceived(err error)
	// ConnectionLost tells that the endpoint is gone: connection_lost. err is nil
	// after Close and Abort.
	ConnectionLost(err error)
}

// DatagramProtocolFactory makes the protocol of a new endpoint, on its loop.
type DatagramProtocolFactory func() DatagramProtocol

// TruncatedError is a datagram that was longer than DatagramOptions.MaxSize. What
// fitted is in Data until ErrorReceived returns; the rest is lost. It is
// syscall.EMSGSIZE to errors.Is.
type TruncatedError = dgram.TruncatedError

// BaseDatagramProtocol has all methods of DatagramProtocol and FlowController,
// which do nothing: asyncio's DatagramProtocol.
type BaseDatagramProtocol struct{}

// ConnectionMade does nothing.
func (BaseDatagramProtocol) ConnectionMade(DatagramTransport) {}

// DatagramReceived does nothing.
func (BaseDatagramProtocol) DatagramReceived([]byte, Addr) {}

// ErrorReceived does nothing.
func (BaseDatagramProtocol) ErrorReceived(error) {}

// ConnectionLost does nothing.
func (BaseDatagramProtocol) ConnectionLost(error) {}

// PauseWriting does nothing.
func (BaseDatagramProtocol) PauseWriting() {}

// ResumeWriting does nothing.
func (BaseDatagramProtocol) ResumeWriting() {}
