// Command loopbench measures the event loop beside its floors and its peers.
//
//	loopbench list [--filter RE]
//	loopbench run  [--filter RE] [--quick] [--profile] [--json FILE]
//	loopbench bars [--filter RE] [--json] [--raw FILE]
//	loopbench loss [--filter RE] [--json] [--markdown] [--require-peers]
//
// Results go to standard output, everything else to standard error; progress is
// shown on a terminal only. It ends with
//
//	0    all went well
//	1    a bar failed, or a server, or the engine lost something
//	2    wrong usage, or a filter that leaves nothing
//	3    a sample failed, of a peer twice; what was measured is shown
//	4    a peer is missing that --require-peers asks for
//	5    a file could not be written, or something else failed
//	130  interrupted; what was measured until then is shown
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/shardloop/shardloop/bench"
	"github.com/shardloop/shardloop/bench/loss"
	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := execute(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// errUsage marks what is wrong with the command line.
var errUsage = errors.New("wrong usage")

func execute(ctx context.Context, args []string, out io.Writer, errs *os.File) int {
	root := &cobra.Command{
		Use:           "loopbench",
		Short:         "measure the event loop beside its floors and its peers",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	ui := &terminal{out: out, errs: errs}
	root.AddCommand(listCommand(ui), runCommand(ui), barsCommand(ui), lossCommand(ui), sampleCommand(ui), serveCommand(ui))
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errs)
	err := root.ExecuteContext(ctx)
	err = errors.Join(err, ui.err)
	if err != nil && !ui.began {
		err = fmt.Errorf("%w: %w", errUsage, err) // refused by the parser
	}
	if err != nil {
		fmt.Fprintln(errs, "loopbench:", message(err))
	}
	return exitCode(err)
}

// exitCodes in order of precedence.
var exitCodes = []struct {
	err  error
	code int
}{
	{context.Canceled, 130},
	{errUsage, 2},
	{bench.ErrNothing, 2},
	{loss.ErrNothing, 2},
	{bench.ErrPeerMissing, 4},
	{loss.ErrMissing, 4},
	{bench.ErrSample, 3},
	{bench.ErrBar, 1},
	{loss.ErrLost, 1},
	{errServer, 1},
}

func exitCode(err error) int {
	if err == nil {
		return 0
	}
	for _, c := range exitCodes {
		if errors.Is(err, c.err) {
			return c.code
		}
	}
	return 5
}

func message(err error) string {
	if errors.Is(err, context.Canceled) {
		return "interrupted: the results are those of the samples taken until then"
	}
	return err.Error()
}
