//go:build !unix

package dgram

import "errors"

type received struct{}

func (*received) lay([][]byte, bool) {}

type sent struct{}

func sysReceive(int, *inbox) (int, error) { return 0, errors.ErrUnsupported }

func sysSend(int, []packet, sending, *outbox) (int, error) { return 0, errors.ErrUnsupported }

func sysOffload(int) error { return errors.ErrUnsupported }

func sysClose(int) {}
