package engine_test

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/shardloop/shardloop/engine"
)

// wire runs a statement of a wireWorld, if it is one. ctx is mustNotWait
// where nothing may. Besides NAME.VERB these are
//
//	pair A B [dgram]     unix sockets        tcp A B              TCP sockets
//	udp A                a bound socket      listen A             a listening one
//	stream A             a TCP socket        dial A S             one that a server S has
//	fifo R W             the ends of a pipe  debug                debug mode
//	signal SIG C         AddSignalHandler    unsignal SIG         RemoveSignalHandler
//	kill SIG             to the process      exec X V             X is RunInExecutor of V
//	stop                 Loop.Stop
func (a *actor) wire(ctx context.Context, w []string) (known bool, err error) {
	name, verb, dotted := strings.Cut(w[0], ".")
	args := append(w[1:len(w):len(w)], "", "", "")
	switch {
	case !dotted && w[0] == "until" && ctx != mustNotWait:
		return true, a.until(ctx, w[1])
	case !dotted:
		return a.make(w[0], args)
	case ctx != mustNotWait:
		if known, err := a.waits(ctx, name, verb, args); known {
			return true, err
		}
	}
	if err := a.verb(name, verb, args); err != nil && !errors.Is(err, engine.ErrTransportClosing) {
		a.log(name + "." + verb + "!" + errorName(err)) // a write after the end is dropped there
	}
	return true, nil
}

// until waits for the next time that a protocol is told something.
func (a *actor) until(ctx context.Context, event string) error {
	f := engine.NewFuture[string](a.loop)
	a.wires.waiters[event] = f
	_, err := engine.Await(ctx, f)
	return err
}

// make has the statements that make things.
func (a *actor) make(word string, w []string) (known bool, err error) {
	switch word {
	case "pair":
		a.pair(w)
	case "tcp":
		l, err := net.Listen("tcp", "127.0.0.1:0")
		must(a.t, err)
		a.add(w[0], a.dialed(l.Addr()))
		c, err := l.Accept()
		must(a.t, err)
		a.add(w[1], a.socket(c.(syscall.Conn)))
		must(a.t, errors.Join(c.Close(), l.Close()))
	case "dial":
		a.add(w[0], a.dialed(a.address(w[1])))
	case "udp":
		c, err := net.ListenPacket("udp4", "127.0.0.1:0")
		must(a.t, err)
		a.add(w[0], a.socket(c.(syscall.Conn)))
		must(a.t, c.Close())
	case "listen":
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		must(a.t, err)
		a.add(w[0], a.socket(l.(syscall.Conn)))
		must(a.t, l.Close())
	case "stream":
		s, err := engine.NewSocket(engine.AFInet, engine.SockStream, 0)
		must(a.t, err)
		a.add(w[0], s)
	case "fifo":
		r, wr, err := os.Pipe()
		must(a.t, err)
		a.wires.things[w[0]], a.wires.things[w[1]] = r, wr
		a.t.Cleanup(func() { _, _ = r.Close(), wr.Close() })
	default:
		return a.ask(word, w)
	}
	return true, nil
}

// ask has the statements that ask the loop for something.
func (a *actor) ask(word string, w []string) (known bool, err error) {
	switch word {
	case "stop":
		a.loop.Stop()
	case "debug":
		a.loop.SetDebug(true)
	case "signal":
		must(a.t, a.loop.AddSignalHandler(unix.SignalNum("SIG"+w[0]), a.call(w[1])))
	case "unsignal":
		was, err := a.loop.RemoveSignalHandler(unix.SignalNum("SIG" + w[0]))
		must(a.t, err)
		a.tell(a.name, was)
	case "kill":
		must(a.t, syscall.Kill(syscall.Getpid(), unix.SignalNum("SIG"+w[0])))
	case "exec":
		a.exec(w[0], w[1])
	default:
		return false, nil
	}
	return true, nil
}

// exec asks for a value from the executor. A refusal is told at once, as there.
func (a *actor) exec(name, value string) {
	f := engine.RunInExecutor(a.loop, nil, func() (string, error) {
		if value == "raise" {
			return "", errors.New("job")
		}
		return value, nil
	})
	if f.Done() && f.Err() != nil {
		a.log(a.name + "!" + errorName(f.Err()))
		return
	}
	a.named[name] = subjectOf(f)
}

func (a *actor) pair(w []string) {
	kind := engine.SockStream
	if w[2] == "dgram" {
		kind = engine.SockDgram
	}
	x, y, err := engine.SocketPair(engine.AFUnix, kind, 0)
	must(a.t, err)
	a.add(w[0], x)
	a.add(w[1], y)
}

// add names a socket, which ends with the test.
func (a *actor) add(name string, s *engine.Socket) {
	a.wires.things[name] = s
	a.t.Cleanup(func() { _ = s.Close() })
}

func (a *actor) socket(c syscall.Conn) *engine.Socket {
	s, err := engine.SocketFrom(c)
	must(a.t, err)
	return s
}

func (a *actor) dialed(at net.Addr) *engine.Socket {
	c, err := net.Dial(at.Network(), at.String())
	must(a.t, err)
	defer c.Close()
	return a.socket(c.(syscall.Conn))
}

// address is where a thing can be reached.
func (a *actor) address(name string) net.Addr {
	var at net.Addr
	var err error
	switch x := a.wires.things[name].(type) {
	case *engine.Socket:
		at, err = x.LocalAddr()
	case *wireServer:
		at, err = x.Sockets()[0].LocalAddr()
	case *wireGram:
		at = x.tr.ExtraInfo("sockname").(net.Addr)
	}
	must(a.t, err)
	return at
}

// to is the address of a thing for a datagram, and none without a name.
func (a *actor) to(name string) engine.Addr {
	if name == "" {
		return engine.Addr{}
	}
	at, err := engine.AddrOf(a.address(name))
	must(a.t, err)
	return at
}

// tell tells a value.
func (s *script) tell(what string, value any) { s.log(what + "=" + shown(value)) }

// read tells bytes that were read.
func (s *script) read(name string, p []byte) {
	if len(p) == 0 {
		s.log(name + "=end")
		return
	}
	s.log(name + "=" + wireText(p))
}
