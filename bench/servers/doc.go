// Package servers has the servers that scenarios drive, each a process of its
// own that speaks one small contract, so that a server can be any command in any
// language:
//
//	COMMAND ROLE NETWORK ADDRESS
//
// listens on the address of the network, "tcp" or "unix", prints the line
//
//	ready ADDRESS
//
// with the address that it has got, serves until its standard input ends, and
// exits with code 0. Whatever else a role has to tell is one line of standard
// output each. What goes wrong is on standard error, and exit code 1.
//
// A line "report" on standard input is answered, after two garbage collections,
// by a line "report" with a Report as JSON; numbers that a server cannot tell
// are left out. "count" is the same without collections, which would empty the
// pools of whoever has some.
//
// # Roles
//
//	echo       sends back what comes in
//	idle       the same, sparing of memory
//	pipelined  sends back each 64 bytes by a call of its own
//	readexactly, readline
//	           the same in coroutine style, 64 bytes or a line at a time
//	posts      echo, and messages from another goroutine; see Post
//	sink       reads as many bytes as the first eight say, and tells them back
//	source     sends as many bytes as the eight that it is sent say; see Pattern
//	datagrams  sends back each datagram, of the network "udp"
//	joined     the same, with datagrams that the kernel joins and cuts
//	drain      counts datagrams; see Tally
//
// and with several loops, whose number ends the name of the role:
//
//	loops      echo, spread over the loops as the library does by itself; see Question
//	kernel     the same, spread by the kernel
//	least      the same, spread to the loop with the fewest connections
//	stalled    least, with one loop that is held up; see StalledLoop
//	across     evenly, with messages from one loop to connections of others; see Post
//
// A connection's end, also an abrupt one, is no failure of a server.
package servers
