package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"regexp"

	"github.com/shardloop/shardloop/bench"
	"github.com/spf13/cobra"
)

// flags are what the measuring commands share.
type flags struct {
	filter       string
	seed         uint64
	requirePeers bool
	quick        bool
	profile      bool
	json         bool
	file         string
}

func (f *flags) common(c *cobra.Command) {
	c.Args = cobra.NoArgs
	c.Flags().StringVar(&f.filter, "filter", "", "only what matches this regular expression")
	c.Flags().Uint64Var(&f.seed, "seed", 0, "repeat the random choices of an earlier run (0: new ones)")
	c.Flags().BoolVar(&f.requirePeers, "require-peers", false, "fail when a peer cannot run here")
}

// config is the bench.Config that the flags ask for, with the raw file open.
func (f *flags) config(ui *terminal) (cfg bench.Config, file *os.File, err error) {
	ui.began = true
	cfg = bench.Config{Quick: f.quick, Seed: f.seed, RequirePeers: f.requirePeers, Progress: ui.progress(), Note: ui.note}
	if cfg.Filter, err = pattern(f.filter); err != nil {
		return cfg, nil, err
	}
	if f.file == "" {
		return cfg, nil, nil
	}
	if file, err = bench.OpenRaw(context.Background(), f.file); err == nil {
		cfg.Raw = file
	}
	return cfg, file, err
}

func pattern(text string) (*regexp.Regexp, error) {
	if text == "" {
		return nil, nil
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, errors.Join(errUsage, err)
	}
	return re, nil
}

func listCommand(ui *terminal) *cobra.Command {
	var filter string
	c := &cobra.Command{
		Use:   "list",
		Short: "list the scenarios",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			ui.began = true
			re, err := pattern(filter)
			if err != nil {
				return err
			}
			return bench.WriteList(ui.out, bench.Select(bench.Scenarios(), re))
		},
	}
	c.Flags().StringVar(&filter, "filter", "", "only the scenarios that match this regular expression")
	return c
}

func runCommand(ui *terminal) *cobra.Command {
	f := &flags{}
	c := &cobra.Command{
		Use:   "run",
		Short: "measure scenarios and print their tables",
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, file, err := f.config(ui)
			if err != nil {
				return err
			}
			cfg.Began = ui.environment
			err = bench.Run(c.Context(), cfg, ui.measurement)
			if f.profile && c.Context().Err() == nil {
				err = errors.Join(err, bench.Profiles(c.Context(), cfg, ui.profile))
			}
			return errors.Join(err, closeFile(file))
		},
	}
	f.common(c)
	c.Flags().BoolVar(&f.quick, "quick", false, "small sizes and three rounds: a look in a few minutes")
	c.Flags().BoolVar(&f.profile, "profile", false, "then profile the engine and print the hottest functions")
	c.Flags().StringVar(&f.file, "json", "", "write every sample to this file, one JSON object a line")
	return c
}

func barsCommand(ui *terminal) *cobra.Command {
	f := &flags{}
	c := &cobra.Command{
		Use:   "bars",
		Short: "measure every bar and judge it",
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, file, err := f.config(ui)
			if err != nil {
				return err
			}
			if f.json {
				enc := json.NewEncoder(ui.out)
				err = bench.Bars(c.Context(), cfg, bench.BarList(), func(b bench.BarResult) { ui.keep(enc.Encode(b)) }, nil)
			} else {
				cfg.Began = ui.barHeader
				err = bench.Bars(c.Context(), cfg, bench.BarList(), ui.bar, ui.later)
				ui.flush()
			}
			return errors.Join(err, closeFile(file))
		},
	}
	f.common(c)
	c.Flags().BoolVar(&f.json, "json", false, "print one JSON object a line instead of a table")
	c.Flags().StringVar(&f.file, "raw", "", "write every sample to this file, one JSON object a line")
	return c
}

// sampleCommand is what loopbench starts itself with for each sample.
func sampleCommand(ui *terminal) *cobra.Command {
	return &cobra.Command{
		Use:    "sample SPEC",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			ui.began = true
			return bench.RunSample(c.Context(), args[0], ui.out)
		},
	}
}

func closeFile(f *os.File) error {
	if f == nil {
		return nil
	}
	return f.Close()
}
