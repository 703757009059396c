//go:build aix || darwin || dragonfly || netbsd

package sock

// family is that of the socket's own address, which it has from the beginning.
func family(fd int) (int, error) {
	a, err := name(fd)
	return a.Family(), err
}
