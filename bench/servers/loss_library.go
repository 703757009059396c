package servers

import (
	"context"
	"maps"

	"github.com/shardloop/shardloop/bench/loss/roles"
)

// LossLibrary makes the roles of the loss suite servers of a library. cannot
// says, by role, what the library lacks for it; the server tells in a line
// "cannot" and then does what it can.
func LossLibrary(serve roles.Serve, cannot map[string]string) Library {
	library := Library{}
	for name, role := range roles.All() {
		library[name] = lossServer(serve, role, cannot[name])
	}
	return library
}

func lossServer(serve roles.Serve, role roles.Role, cannot string) Server {
	return func(ctx context.Context, network, address string, ready func(string)) error {
		setup, err := roles.FromEnvironment()
		if err != nil {
			return err
		}
		if cannot != "" {
			setup.Say("cannot %s", cannot)
		}
		return serve(ctx, network, address, ready, role(ctx, setup))
	}
}

// lossLibraries are those of the main module, by name.
func lossLibraries() map[string]Library {
	libraries := engineLoss()
	libraries["net"] = netLoss()
	maps.Copy(libraries, netpollLoss())
	return libraries
}
