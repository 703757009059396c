package poller_test

import "github.com/shardloop/shardloop/poller"

var morePollers = []maker{{"epoll", poller.NewEpoll}}
