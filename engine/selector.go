package engine

import (
	"errors"
	"fmt"
	"net"

	"github.com/shardloop/shardloop/poller"
)

// Selector opens the poller of a loop: the selector argument of
// SelectorEventLoop. Any function that opens one will do.
type Selector func() (poller.Poller, error)

// Epoll is the selector of Linux: selectors.EpollSelector.
func Epoll() (poller.Poller, error) { return poller.NewEpoll() }

// Poll is the portable selector, for descriptors that epoll refuses and for
// systems that have no other: selectors.PollSelector.
func Poll() (poller.Poller, error) { return poller.NewPoll() }

// UsePoller is the selector that answers with p, once: a loop owns its poller.
func UsePoller(p poller.Poller) Selector {
	return func() (poller.Poller, error) {
		q := p
		p = nil
		if q == nil {
			return nil, net.ErrClosed
		}
		return q, nil
	}
}

// NewSelectorEventLoop makes a loop on a chosen poller: SelectorEventLoop. A nil
// selector takes the best of the platform. Config.Poller must be nil. It fails
// as NewEventLoop does, and with the selector's error.
func NewSelectorEventLoop(selector Selector, config Config) (*Loop, error) {
	if config.Poller != nil {
		return nil, config.discard(badArg("Poller", "must be nil beside a selector"))
	}
	if selector != nil {
		p, err := selector()
		if err != nil {
			return nil, err
		}
		config.Poller = p
	}
	return newLoop(config)
}

// NewProactorEventLoop makes a loop on completions: ProactorEventLoop. It fails
// with an error that wraps errors.ErrUnsupported off Windows.
func NewProactorEventLoop(config Config) (*Loop, error) {
	return nil, config.discard(fmt.Errorf("a loop on completions: %w", errors.ErrUnsupported))
}
