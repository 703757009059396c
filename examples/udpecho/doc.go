// Package udpecho is two programs to start from, a server that sends back every
// datagram that it gets and its client:
//
//	go run ./examples/udpecho/server -addr 127.0.0.1:7000
//	go run ./examples/udpecho/client -addr 127.0.0.1:7000 hello
package udpecho
