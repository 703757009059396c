package loss

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/shardloop/shardloop/bench/servers"
	"github.com/shardloop/shardloop/internal/leak"
)

// TestMain makes this test binary a server when it is started as one, of a
// library of the main module or of one that loses things.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		libraries := servers.Merge(servers.Libraries(), lossyLibraries())
		if err := servers.Serve(context.Background(), libraries, os.Args[2:], os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	// The race detector's runtime sleeps for a second at the end of each
	// process, and every server is one.
	os.Setenv("GORACE", os.Getenv("GORACE")+" atexit_sleep_ms=0")
	leak.Main(m)
}
