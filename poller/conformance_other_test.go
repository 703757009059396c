//go:build unix && !linux

package poller_test

import "github.com/shardloop/shardloop/poller"

// pollLacks is what poll(2) does not tell on this system.
const pollLacks = poller.PeerClosed
