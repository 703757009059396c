// Package echo is two programs to start from, a server that sends back what it
// gets and its client:
//
//	go run ./examples/echo/server -addr 127.0.0.1:7000
//	echo hello | go run ./examples/echo/client -addr 127.0.0.1:7000
package echo
