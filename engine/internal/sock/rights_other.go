//go:build !unix

package sock

// ControlTruncated is no flag here.
const ControlTruncated = 0

func canPass() error { return unsupported("sendmsg") }

func rights([]int) []byte { return nil }

func rightsRoom() int { return 0 }

func parseRights([]byte) ([]int, error) { return nil, unsupported("recvmsg") }

func closeOnExec(int) error { return unsupported("fcntl") }
