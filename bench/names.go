package bench

import (
	"context"
	"net"

	"github.com/shardloop/shardloop/engine"
)

// A names scenario asks for the addresses of a host again and again. One that is a
// number needs no resolver, only to be parsed: asyncio asks a thread all the same.
func nameScenarios() []Scenario {
	return []Scenario{{
		Name:        "names/numeric",
		Description: "GetAddrInfo of 127.0.0.1 with a port, in a task",
		Params:      Params{"size": 1, "rounds": 200_000, "script_rounds": 20_000},
		Quick:       Params{"rounds": 50_000, "script_rounds": 5_000},
		Work:        "rounds",
		Place:       onOneCore,
		Metrics:     []Metric{{Name: "time", Unit: "ns/call"}, {Name: "allocs", Unit: "allocs/call"}},
		Sides: append([]Side{
			{Name: "engine", Kind: Engine, Run: engineNumeric},
			{Name: "net", Kind: Peer, Run: netNumeric},
		}, pythonPeers("names")...),
	}}
}

func engineNumeric(ctx context.Context, t Task) (Metrics, error) {
	r := newRelay(t)
	err := runMain(ctx, func(ctx context.Context, l *engine.Loop) error {
		for r.more() {
			if _, err := l.GetAddrInfo(ctx, "127.0.0.1", 80, engine.LookupOptions{}); err != nil {
				return err
			}
		}
		return nil
	})
	return r.metrics(), err
}

func netNumeric(ctx context.Context, t Task) (Metrics, error) {
	r := newRelay(t)
	for r.more() {
		if _, err := net.DefaultResolver.LookupNetIP(ctx, "ip", "127.0.0.1"); err != nil {
			return nil, err
		}
	}
	return r.metrics(), nil
}
