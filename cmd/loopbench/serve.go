package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/shardloop/shardloop/bench/servers"
	"github.com/spf13/cobra"
)

// errServer marks what the contract has one exit code for.
var errServer = errors.New("server")

// serveCommand is what the scenarios of connections start their servers with;
// package servers has the contract.
func serveCommand(ui *terminal) *cobra.Command {
	return &cobra.Command{
		Use:    "serve LIBRARY ROLE NETWORK ADDRESS",
		Hidden: true,
		Args:   cobra.ExactArgs(4),
		RunE: func(c *cobra.Command, args []string) error {
			ui.began = true
			err := servers.Serve(c.Context(), servers.Libraries(), args, os.Stdin, ui.out)
			if err != nil {
				return fmt.Errorf("%w: %w", errServer, err)
			}
			return nil
		},
	}
}
