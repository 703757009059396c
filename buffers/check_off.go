//go:build !invariants

package buffers

// check finds wrong uses of a block, with the build tag invariants.
type check struct{}

func (check) made([]byte) {}

func (check) taken(any, []byte) {}

func (check) given(any, []byte) {}

func (check) handedOver(any, any) {}

// shareCheck finds wrong uses of a share, with the build tag invariants.
type shareCheck struct{}

func newShareCheck() shareCheck { return shareCheck{} }

func (shareCheck) used(string) {}

func (shareCheck) released() {}
