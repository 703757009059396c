//go:build unix && !linux

package poller_test

var morePollers []maker
