package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/shardloop/shardloop/bench/loss"
	"github.com/spf13/cobra"
)

// lossFlags are those of the command loss.
type lossFlags struct {
	filter       string
	requirePeers bool
	json         bool
	markdown     bool
}

func lossCommand(ui *terminal) *cobra.Command {
	f := &lossFlags{}
	c := &cobra.Command{
		Use:   "loss",
		Short: "count what gets lost in the engine and in other libraries",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return f.run(c, ui) },
	}
	c.Flags().StringVar(&f.filter, "filter", "", "only the scenarios that match this regular expression")
	c.Flags().BoolVar(&f.requirePeers, "require-peers", false, "fail when a library is not here")
	c.Flags().BoolVar(&f.json, "json", false, "print one JSON object a line instead of a table")
	c.Flags().BoolVar(&f.markdown, "markdown", false, "print the tables as they stand in docs/perf/loss.md")
	c.MarkFlagsMutuallyExclusive("json", "markdown")
	return c
}

func (f *lossFlags) run(c *cobra.Command, ui *terminal) error {
	ui.began = true
	match, err := pattern(f.filter)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	libraries := loss.Libraries([]string{self, "serve"})
	table := loss.NewTable(libraries)
	err = loss.Run(c.Context(), loss.Config{
		Libraries: libraries, Filter: match, RequirePeers: f.requirePeers,
		Result: func(r loss.Result) {
			table.Add(r)
			f.show(ui, r)
		},
	})
	if !errors.Is(err, loss.ErrNothing) && !errors.Is(err, loss.ErrMissing) {
		ui.keep(f.write(ui, table))
	}
	return err
}

// show prints a result when it is there: as data, or as progress.
func (f *lossFlags) show(ui *terminal, r loss.Result) {
	if f.json {
		ui.keep(json.NewEncoder(ui.out).Encode(r))
	} else if ui.progress() != nil {
		fmt.Fprintf(ui.errs, "%s, %s: %s\n", r.Scenario, r.Library, r.Verdict)
	}
}

func (f *lossFlags) write(ui *terminal, table *loss.Table) error {
	switch {
	case f.json:
		return nil // all is printed
	case f.markdown:
		if err := loss.WriteScenarios(ui.out); err != nil {
			return err
		}
		fmt.Fprintln(ui.out)
		return table.WriteMarkdown(ui.out)
	default:
		return table.WriteText(ui.out)
	}
}
