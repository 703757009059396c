// Command peers has the servers of libraries that the main module does not
// depend on. It speaks the contract of package servers:
//
//	peers LIBRARY ROLE NETWORK ADDRESS
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/shardloop/shardloop/bench/servers"
)

func main() {
	if err := servers.Serve(context.Background(), libraries(), os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

// libraries merges the servers of all scenarios.
func libraries() map[string]servers.Library {
	return servers.Merge(
		map[string]servers.Library{"gnet": gnetServers(), "nbio": nbioServers()},
		map[string]servers.Library{"gnet": gnetLoops()},
		map[string]servers.Library{"gnet": gnetLoss(), "nbio": nbioLoss()},
	)
}
