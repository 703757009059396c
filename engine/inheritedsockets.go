package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/shardloop/shardloop/engine/internal/sock"
)

// The variables by which a process tells another one that it has left it sockets.
// The first three are systemd's. A parent cannot know its child's number before
// the child is there, so that it gives its own.
const (
	listenPID    = "LISTEN_PID"
	listenCount  = "LISTEN_FDS"
	listenNames  = "LISTEN_FDNAMES"
	listenParent = "SHARDLOOP_LISTEN_PPID"
)

// firstInherited is the first descriptor that is left to a process: behind
// standard input, output and error.
const firstInherited = 3

// unknownSocket is the name of a socket that nobody has named, as with systemd.
const unknownSocket = "unknown"

// InheritedSockets are the sockets that the process was started with: by systemd
// (socket activation, sd_listen_fds), or by a parent that has used ListenerFiles
// and still lives. There are none when nobody has left any to this process, which
// is no error.
//
// They do not block and are closed in programs that are started. Call it once and
// early: before, they are left to every program that is started. The environment
// variables are unset, so that those see none of it, and so does a second call.
//
// It fails where the variables are wrong, or where a descriptor is no socket; then
// no descriptor was touched. Any goroutine.
func InheritedSockets() (NamedSockets, error) {
	defer unsetListen()
	mine, err := leftToUs()
	if err != nil || !mine {
		return nil, err
	}
	names, err := inheritedNames()
	if err != nil {
		return nil, err
	}
	return adoptInherited(names)
}

func unsetListen() {
	for _, name := range []string{listenPID, listenCount, listenNames, listenParent} {
		_ = os.Unsetenv(name) // a good name
	}
}

// leftToUs tells whether the variables are meant for this process.
func leftToUs() (bool, error) {
	for _, v := range []struct {
		name string
		want int
	}{{listenPID, os.Getpid()}, {listenParent, os.Getppid()}} {
		text := os.Getenv(v.name)
		if text == "" {
			continue
		}
		pid, err := strconv.Atoi(text)
		if err != nil || pid <= 0 {
			return false, listenError(v.name, "is no number of a process", err)
		}
		return pid == v.want, nil
	}
	return false, nil
}

func listenError(name, reason string, err error) error {
	text := fmt.Sprintf("inherited sockets: %s=%q %s", name, os.Getenv(name), reason)
	if err == nil {
		return errors.New(text)
	}
	return fmt.Errorf("%s: %w", text, err)
}

// inheritedNames are the names of the descriptors, of which there are as many.
func inheritedNames() ([]string, error) {
	n, err := strconv.ParseUint(os.Getenv(listenCount), 10, 16)
	if err != nil || n == 0 {
		return nil, listenError(listenCount, "is no number of descriptors", err)
	}
	text, named := os.LookupEnv(listenNames)
	if !named {
		names := make([]string, n)
		for i := range names {
			names[i] = unknownSocket
		}
		return names, nil
	}
	names := strings.Split(text, ":")
	if len(names) != int(n) {
		return nil, listenError(listenNames, fmt.Sprintf("does not have %d names", n), nil)
	}
	return names, nil
}

// adoptInherited takes the descriptors, when all are sockets.
func adoptInherited(names []string) (list NamedSockets, err error) {
	for i, name := range names {
		fd := firstInherited + i
		kind, err := sock.KindOf(fd)
		if err != nil {
			return nil, fmt.Errorf("inherited sockets: descriptor %d (%s): %w", fd, name, err)
		}
		list = append(list, NamedSocket{name, newSocket(fd, kind)})
	}
	for _, s := range list {
		_ = sock.CloseOnExec(s.Socket.Fd()) // it is open
		_ = sock.SetNonblock(s.Socket.Fd()) // and a socket
	}
	return list, nil
}

// ListenerFiles are for a program that starts its successor itself: files for
// exec.Cmd.ExtraFiles, which must have no others before them, and variables to add
// to exec.Cmd.Env, so that InheritedSockets has the listening sockets of the
// servers there, under their names. The caller closes the files when the process
// has started. When the successor serves, by whatever it tells that, the servers
// are to Relinquish, or to be closed.
//
// It fails with an *ArgError, with ErrServerClosed, and when there is no descriptor
// left. It waits for loops as Await does.
func ListenerFiles(ctx context.Context, servers map[string]ListeningServer) (files []*os.File, env []string, err error) {
	if err := checkServers("servers", servers); err != nil {
		return nil, nil, err
	}
	list, err := duplicates(ctx, servers)
	if err != nil {
		return nil, nil, err
	}
	var names []string
	for _, s := range list {
		fd, _ := s.Socket.take("file") // nobody else has it
		files = append(files, os.NewFile(uintptr(fd), s.Name))
		names = append(names, s.Name)
	}
	return files, []string{
		listenPID + "=", // of our own start, if anything
		listenParent + "=" + strconv.Itoa(os.Getpid()),
		listenCount + "=" + strconv.Itoa(len(files)),
		listenNames + "=" + strings.Join(names, ":"),
	}, nil
}
