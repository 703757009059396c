package engine

import "context"

// GroupUnixServerOptions are the options of a unix server on all loops of a group.
// MaxConnections counts those of all loops. BalanceKernel and BalanceCPU are
// BalanceLeast: one loop accepts.
type GroupUnixServerOptions struct {
	UnixServerOptions
	Balance Balance
}

func (o *GroupUnixServerOptions) validate(g *Group) error {
	if err := o.Balance.validate(g); err != nil {
		return err
	}
	return o.UnixServerOptions.validate()
}

// CreateUnixServer is CreateServer for unix sockets, as create_unix_server does it
// on one loop.
func (g *Group) CreateUnixServer(ctx context.Context, f ProtocolFactory, o GroupUnixServerOptions) (*GroupServer, error) {
	if err := checkFactory(f); err != nil {
		return nil, err
	}
	if err := o.validate(g); err != nil {
		return nil, err
	}
	common := o.server()
	if err := common.validateCommon(); err != nil {
		return nil, err
	}
	return g.create(ctx, f, common, o.Balance, func(*Loop, context.Context, ServerOptions) (listening, error) {
		return o.listening()
	})
}
