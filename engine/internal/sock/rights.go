package sock

// Rights are descriptors on their way through a unix socket, as the control part of
// a message: SCM_RIGHTS. Who receives them has descriptors of its own for the same
// sockets.
//
//	this process: fd 7 --> socket <-- fd 4 :the other process

// RightsBatch is how many descriptors to send in one message. Linux has a limit of
// 253, others want them to fit into one of their buffers.
const RightsBatch = 64

// maxRights is the most that is known of any system: SCM_MAX_FD of Linux.
const maxRights = 253

// CanPass is why this system does not pass descriptors on, or nil.
func CanPass() error { return canPass() }

// Rights is the control part of a message with descriptors.
func Rights(fds []int) []byte { return rights(fds) }

// RightsRoom is how many bytes the control part of every message fits into.
func RightsRoom() int { return rightsRoom() }

// ParseRights are the descriptors in the control part of a message. They are the
// caller's from here on.
func ParseRights(control []byte) (fds []int, err error) { return parseRights(control) }

// CloseOnExec has a descriptor closed in programs that are started.
func CloseOnExec(fd int) error { return closeOnExec(fd) }

// PeerUser is the number of the user whose process is at the other end of a unix
// socket. It fails with an error that is errors.ErrUnsupported where the system does
// not say.
func PeerUser(fd int) (uid int, err error) { return peerUser(fd) }
