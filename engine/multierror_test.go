package engine_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

func TestConnectError(t *testing.T) {
	refused := fmt.Errorf("a: %w", syscall.ECONNREFUSED)
	again := fmt.Errorf("a: %w", syscall.ECONNREFUSED)
	unreachable := fmt.Errorf("b: %w", syscall.ENETUNREACH)
	for what, c := range map[string]struct {
		errs []error
		want error
	}{
		"one":            {[]error{refused}, refused},
		"the same twice": {[]error{refused, again}, refused},
	} {
		if got := engine.ConnectError(c.errs, false); got != c.want {
			t.Errorf("%s: %v, want %v", what, got, c.want)
		}
		wantMulti(t, what+" of all", engine.ConnectError(c.errs, true), c.errs)
	}
	for _, all := range []bool{false, true} {
		errs := []error{refused, unreachable, again}
		got := engine.ConnectError(errs, all)
		wantMulti(t, "different ones", got, errs)
		wantErr(t, "the last of them", got, syscall.ENETUNREACH)
		if text := got.Error(); text != "multiple errors: "+refused.Error()+", "+unreachable.Error()+", "+again.Error() {
			t.Error(text)
		}
		wantErr(t, "none", engine.ConnectError(nil, all), engine.ErrTimeout)
		wantErr(t, "none", engine.ConnectError(nil, all), os.ErrDeadlineExceeded)
	}
}

func wantMulti(t *testing.T, what string, err error, errs []error) {
	t.Helper()
	var multi *engine.MultiError
	if !errors.As(err, &multi) || !slices.Equal(multi.Unwrap(), errs) || !slices.Equal(multi.Errs, errs) {
		t.Errorf("%s: %v, want all of %v", what, err, errs)
	}
}
