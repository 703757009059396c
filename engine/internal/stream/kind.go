package stream

import "github.com/shardloop/shardloop/poller"

// Kind is what a stream's descriptor is.
type Kind uint8

const (
	socket      Kind = 1 << iota // goes both ways, each of which has an end
	descriptors                  // may bring some: a unix socket
	inward                       // the reading end of a pipe
	outward                      // the writing end
	device                       // a terminal, or what else is a character device
)

const (
	// Socket is a TCP socket.
	Socket = socket
	// UnixSocket is a unix socket: what its peer sends may bring descriptors.
	UnixSocket = socket | descriptors
	// ReadPipe is what is only read: the end of a pipe as a rule, but any
	// descriptor will do.
	ReadPipe = inward
	// WritePipe is what is only written to.
	WritePipe = outward
	// ReadDevice is a ReadPipe that is a character device: a terminal, or one that
	// no poller watches, because it is always ready.
	ReadDevice = inward | device
	// WriteDevice is a WritePipe that is one.
	WriteDevice = outward | device
)

func (k Kind) has(bits Kind) bool { return k&bits != 0 }

// interest is what the poller is asked for. Events of the other direction would be
// of no use, and those of a descriptor that goes both ways somebody else's.
func (k Kind) interest() poller.Interest {
	switch {
	case k.has(inward):
		return poller.In | poller.Edge
	case k.has(outward):
		return poller.Out | poller.Edge
	}
	return poller.In | poller.Out | poller.Edge
}

// refusal is why nothing is taken, where err is the reason that other kinds have.
func (k Kind) refusal(err error) error {
	if k.has(inward) {
		return ErrReadOnly
	}
	return err
}
