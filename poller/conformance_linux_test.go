package poller_test

import (
	"testing"

	"github.com/shardloop/shardloop/poller"
	"github.com/shardloop/shardloop/poller/pollertest"
)

// pollLacks is what poll(2) does not tell on this system.
const pollLacks poller.Ready = 0

func TestEpollConformance(t *testing.T) {
	open := pollertest.OpenSockets(poller.NewEpoll, 0)
	pollertest.Run(t, "epoll", open)
	pollertest.RunQueue(t, "queue", open)
}
