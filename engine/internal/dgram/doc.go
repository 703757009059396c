// Package dgram moves datagrams: the transport below the documented one, for UDP
// and for unix sockets. It knows descriptors, addresses and flow control; it knows
// no protocols, no tasks and no asyncio.
//
//	        engine: datagramEndpoint (DatagramTransport, holds the user's protocol)
//	          ^ Datagram, Error, Pause, Resume, Lost   | Send, Close, Abort
//	          |                                        v
//	+---------+----------------------------------------+----------+
//	| Endpoint                                                    |
//	|   inbox, the loop's                     queue, its own      |
//	|   up to 32 messages a call              marks, held, blocked|
//	|         ^                                        |          |
//	+---------+----------------------------------------+----------+
//	          | recvmmsg                               v sendmmsg
//	                          the kernel
//
// A datagram is whole or is not there: what the kernel had to cut is told as an
// error, what it refuses to send is told with its address, and what is dropped by
// this side is counted.
//
// Everything here belongs to the loop.
package dgram
