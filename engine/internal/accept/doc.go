// Package accept takes new connections off listening sockets. It hands over
// descriptors, and knows nothing of what becomes of them.
//
//	kernel's queue --accept4--> Listener --Accepted--> engine: server
//	                              |
//	                              +-- Exhausted: no descriptor or memory is left;
//	                                  the queue stays with the kernel, and the
//	                                  listener comes back after a second
//
// Nothing is ever accepted to be closed.
package accept
