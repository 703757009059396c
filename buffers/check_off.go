//go:build !invariants

package buffers

// check finds wrong uses of a block, with the build tag invariants.
type check struct{}

func (check) taken([]byte) {}

func (check) given([]byte) {}
