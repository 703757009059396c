package load

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/bench/servers"
)

// Loops asks a server of several loops which one each connection is on. No request
// may be under way.
func (e *Echo) Loops() (loops []int, err error) {
	for _, k := range e.conns {
		loop, askErr := askLoop(k.fd)
		loops, err = append(loops, loop), errors.Join(err, askErr)
	}
	return loops, err
}

// Loops is Echo's, before Run.
func (r *Rate) Loops() (loops []int, err error) {
	for _, k := range r.conns {
		loop, askErr := askLoop(k.fd)
		loops, err = append(loops, loop), errors.Join(err, askErr)
	}
	return loops, err
}

// askLoop waits for the answer of a connection.
func askLoop(fd int) (int, error) {
	if n, err := write(fd, servers.Question()); n < servers.QuestionSize {
		return 0, errors.Join(ErrEnd, err) // nothing else is in its buffer
	}
	answer := make([]byte, 0, servers.QuestionSize+1) // room for one too many
	for len(answer) < servers.QuestionSize {
		if _, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, -1); err != nil && err != unix.EINTR {
			return 0, os.NewSyscallError("poll", err)
		}
		n, err := read(fd, answer[len(answer):cap(answer)])
		if err != nil {
			return 0, err
		}
		answer = answer[:len(answer)+n]
	}
	loop, yes := servers.Numbered(answer)
	if !yes {
		return 0, ErrWrong
	}
	return loop, nil
}
