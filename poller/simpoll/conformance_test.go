package simpoll_test

import (
	"testing"

	"github.com/shardloop/shardloop/poller/pollertest"
	"github.com/shardloop/shardloop/poller/simpoll"
)

func TestConformance(t *testing.T) {
	pollertest.Run(t, "simpoll", pollertest.OpenSim(simpoll.New))
	pollertest.Run(t, "oneshot", pollertest.OpenSim(simpoll.NewOneShot))
	pollertest.RunQueue(t, "queue", pollertest.OpenSim(simpoll.New))
}
