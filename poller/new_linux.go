package poller

// New makes the best poller of this system, which is epoll.
func New() (Poller, error) { return NewEpoll() }
