//go:build !linux

package engine_test

import "context"

// wireWorld has nothing: the traces of sockets are those of Linux.
type wireWorld struct{}

func newWireWorld() wireWorld { return wireWorld{} }

// wire knows no words.
func (a *actor) wire(context.Context, []string) (known bool, err error) { return false, nil }

// wireError is how a trace tells an error.
func wireError(err error) string { return err.Error() }
