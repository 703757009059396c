package engine

import (
	"cmp"

	"github.com/shardloop/shardloop/engine/internal/sock"
)

// The longest datagrams that are received whole by default: all that UDP has, and
// asyncio's max_size.
const (
	maxDatagram     = 64 << 10
	maxUnixDatagram = 256 << 10
)

// DatagramOptions are the keyword parameters of create_datagram_endpoint. The zero
// value is what asyncio has by default, but that a local address, a remote one, a
// Family or Sock has to be given. There is no reuse_address, which asyncio has
// removed: it let other users of a machine steal the datagrams of a port.
type DatagramOptions struct {
	// LocalHost and LocalPort are what the socket is bound to: local_addr. The port
	// is a number, or a string with a number or the name of a service; 0, or nil beside
	// a host, takes a free one. A LocalPort alone is the loopback, or every interface
	// with AIPassive among the Flags.
	LocalHost string
	LocalPort any

	// RemoteHost and RemotePort are the one address that is sent to: remote_addr. The
	// socket is connected to it, so that it receives from nobody else, unless
	// AllowBroadcast is set.
	RemoteHost string
	RemotePort any

	// LocalPath and RemotePath are the addresses of unix sockets; see
	// UnixConnectOptions. A socket's file that is at LocalPath already is replaced; the
	// own one stays when the endpoint closes.
	LocalPath, RemotePath string

	// Family restricts the addresses to AFInet or AFInet6; 0 is both. Without an
	// address the socket is of the family, which may be AFUnix, and not bound. Proto
	// and Flags go to the resolver.
	Family int
	Proto  int
	Flags  int

	// ReusePort lets other sockets share the port, and the datagrams: reuse_port. It
	// is ErrUnsupported where the system cannot.
	ReusePort bool

	// AllowBroadcast lets datagrams go to broadcast addresses: allow_broadcast.
	AllowBroadcast bool

	// Sock is a datagram socket that is bound or connected already, in place of all
	// of the above. The endpoint owns it.
	Sock *Socket

	// MaxSize is the longest datagram that is received whole: ErrorReceived is told
	// of longer ones. 0 is 64 KiB, which is more than UDP has, or 256 KiB for unix
	// sockets.
	MaxSize int

	// Offload lets the kernel cut and join datagrams of UDP: many of one size to one
	// address, sent in one turn, pass through it as one, and so do those that come in
	// from one address (UDP_SEGMENT and UDP_GRO of Linux). The protocol sees no
	// difference. It saves most where a peer gets many datagrams in a row; where the
	// system or the device cannot, it does nothing.
	Offload bool
}

// validate refuses what is forbidden.
func (o *DatagramOptions) validate() error {
	switch {
	case o.MaxSize < 0:
		return badArg("MaxSize", "must not be negative")
	case o.MaxSize >= maxMark:
		return badArg("MaxSize", "must be less than 2 GiB")
	case o.MaxSize > 0 && o.Offload:
		return badArg("MaxSize", "must not be given with Offload")
	case o.Sock != nil:
		return o.validateSock()
	case !o.hasLocal() && !o.hasRemote() && o.Family == AFUnspec:
		return badArg("Family", "must be given, or an address, or Sock")
	case o.Proto < 0:
		return badArg("Proto", "must not be negative")
	case o.Flags&^knownFlags != 0:
		return badArg("Flags", "has a flag that is not known")
	}
	if o.isUnix() {
		return o.validateUnix()
	}
	return o.validateInternet()
}

func (o *DatagramOptions) hasLocal() bool {
	return o.LocalHost != "" || o.LocalPort != nil || o.LocalPath != ""
}

func (o *DatagramOptions) hasRemote() bool {
	return o.RemoteHost != "" || o.RemotePort != nil || o.RemotePath != ""
}

func (o *DatagramOptions) isUnix() bool {
	return o.Family == AFUnix || o.LocalPath != "" || o.RemotePath != ""
}

// validateSock lists what cannot be given with a socket.
func (o *DatagramOptions) validateSock() error {
	if typ := o.Sock.Type(); typ == SockStream || typ == SockSeqPacket {
		return badArg("Sock", "must be a socket for datagrams")
	}
	return withoutSock([]field{
		{"LocalHost", o.LocalHost != ""}, {"LocalPort", o.LocalPort != nil}, {"LocalPath", o.LocalPath != ""},
		{"RemoteHost", o.RemoteHost != ""}, {"RemotePort", o.RemotePort != nil}, {"RemotePath", o.RemotePath != ""},
		{"Family", o.Family != 0}, {"Proto", o.Proto != 0}, {"Flags", o.Flags != 0},
		{"ReusePort", o.ReusePort}, {"AllowBroadcast", o.AllowBroadcast},
	})
}

func (o *DatagramOptions) validateUnix() error {
	switch {
	case o.Family != AFUnspec && o.Family != AFUnix:
		return badArg("Family", "must be AFUnix with a path")
	case o.LocalHost != "" || o.LocalPort != nil:
		return badArg("LocalHost", "must not be given for a unix socket, which has a LocalPath")
	case o.RemoteHost != "" || o.RemotePort != nil:
		return badArg("RemoteHost", "must not be given for a unix socket, which has a RemotePath")
	}
	return cmp.Or(checkPath("LocalPath", o.LocalPath), checkPath("RemotePath", o.RemotePath))
}

func (o *DatagramOptions) validateInternet() error {
	if o.Family != AFUnspec && o.Family != AFInet && o.Family != AFInet6 {
		return badArg("Family", "must be AFUnspec, AFInet, AFInet6 or AFUnix")
	}
	_, local := parsePort("LocalPort", o.LocalPort)
	_, remote := parsePort("RemotePort", o.RemotePort)
	return cmp.Or(local, remote)
}

// switches are the options of the socket that are to be on.
func (o *DatagramOptions) switches() (list []sock.Switch) {
	if o.ReusePort {
		list = append(list, sock.ReusePort)
	}
	if o.AllowBroadcast {
		list = append(list, sock.Broadcast)
	}
	return list
}

// maxSize is the longest datagram that a socket of the family receives whole.
func (o *DatagramOptions) maxSize(family int) int {
	if o.MaxSize == 0 && family == AFUnix {
		return maxUnixDatagram
	}
	return cmp.Or(o.MaxSize, maxDatagram)
}
