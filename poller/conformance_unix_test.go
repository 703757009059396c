//go:build unix

package poller_test

import (
	"testing"

	"github.com/shardloop/shardloop/poller"
	"github.com/shardloop/shardloop/poller/pollertest"
)

func TestPollConformance(t *testing.T) {
	pollertest.Run(t, "poll", pollertest.OpenSockets(poller.NewPoll, pollLacks))
}
