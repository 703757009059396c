//go:build !unix

package sock

func open(Kind) (int, error) { return -1, unsupported("socket") }

func pair(Kind) ([2]int, error) { return [2]int{-1, -1}, unsupported("socketpair") }

func accept(int) (int, Addr, error) { return -1, Addr{}, unsupported("accept") }

func receive(int, []byte) (int, error) { return 0, unsupported("recvfrom") }

func peek(int, []byte) (int, error) { return 0, unsupported("recvfrom") }

func hasInput(int) bool { return true }

func receiveFrom(int, []byte) (int, Addr, error) { return 0, Addr{}, unsupported("recvfrom") }

func send(int, []byte) (int, error) { return 0, unsupported("sendto") }

func sendTo(int, []byte, Addr) (int, error) { return 0, unsupported("sendto") }

func blocks(int) (bool, error) { return false, unsupported("fcntl") }

func connect(int, Addr) (bool, error) { return false, unsupported("connect") }

func connectResult(int) (bool, error) { return false, unsupported("getsockopt") }

func bind(int, Addr) error { return unsupported("bind") }

func listen(int, int) error { return unsupported("listen") }

func name(int) (Addr, error) { return Addr{}, unsupported("getsockname") }

func peer(int) (Addr, error) { return Addr{}, unsupported("getpeername") }

func kindOf(int) (Kind, error) { return Kind{}, unsupported("getsockopt") }

func setNonblock(int) error { return unsupported("fcntl") }

func option(int, int, int) (int, error) { return 0, unsupported("getsockopt") }

func setOption(int, int, int, int) error { return unsupported("setsockopt") }

func on(int, Switch) (bool, error) { return false, unsupported("getsockopt") }

func set(int, Switch, bool) error { return unsupported("setsockopt") }

func unread(int) (int, error) { return 0, unsupported("ioctl") }

func shutdown(int, int) error { return unsupported("shutdown") }

func dup(int) (int, error) { return -1, unsupported("fcntl") }

func closeFD(int) error { return unsupported("close") }
