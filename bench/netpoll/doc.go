// Package netpoll has the sides of scenarios that run on
// github.com/cloudwego/netpoll, which no other package imports. It compiles for
// Linux on amd64 and arm64 alone.
package netpoll
