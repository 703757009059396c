package engine_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"

	"github.com/shardloop/shardloop/engine"
)

// number is the number of a word, 0 without one.
func number(word string) int {
	n, _ := strconv.Atoi(word)
	return n
}

// waits has the verbs that wait.
//
//	P.connect A          CreateConnection with a socket
//	P.dial S             CreateConnection to a server
//	P.accept A           ConnectAcceptedSocket
//	P.read_pipe R        ConnectReadPipe
//	P.write_pipe W       ConnectWritePipe
//	D.endpoint A         CreateDatagramEndpoint with a socket
//	D.bound              with a local address
//	D.remote X           with a remote one, that of X
//
// Servers, streams and sockets have the others.
func (a *actor) waits(ctx context.Context, name, verb string, w []string) (known bool, err error) {
	factory := func() engine.Protocol { return a.protocol(name) }
	switch verb {
	case "connect":
		_, _, err = a.loop.CreateConnection(ctx, factory, engine.ConnectOptions{Sock: a.raw(w[0])})
	case "dial":
		at := a.address(w[0]).(*net.TCPAddr)
		_, _, err = a.loop.CreateConnection(ctx, factory, engine.ConnectOptions{Host: at.IP.String(), Port: at.Port})
	case "accept":
		_, _, err = a.loop.ConnectAcceptedSocket(ctx, factory, a.raw(w[0]), engine.AcceptedOptions{})
	case "read_pipe":
		_, _, err = a.loop.ConnectReadPipe(ctx, factory, a.wires.things[w[0]].(*os.File))
	case "write_pipe":
		_, _, err = a.loop.ConnectWritePipe(ctx, factory, a.wires.things[w[0]].(*os.File))
	case "endpoint":
		err = a.datagrams(ctx, name, engine.DatagramOptions{Sock: a.raw(w[0])})
	case "bound":
		err = a.datagrams(ctx, name, engine.DatagramOptions{LocalHost: "127.0.0.1"})
	case "remote":
		at := a.address(w[0]).(*net.UDPAddr)
		err = a.datagrams(ctx, name, engine.DatagramOptions{RemoteHost: at.IP.String(), RemotePort: at.Port})
	default:
		return a.serverWaits(ctx, name, verb, w)
	}
	return true, err
}

func (a *actor) raw(name string) *engine.Socket { return a.wires.things[name].(*engine.Socket) }

func (a *actor) datagrams(ctx context.Context, name string, o engine.DatagramOptions) error {
	_, _, err := a.loop.CreateDatagramEndpoint(ctx, func() engine.DatagramProtocol { return a.gram(name) }, o)
	return err
}

// serverWaits has those of servers.
//
//	S.serve              CreateServer        S.serve_deferred     without serving
//	S.serve_streams T [LIMIT]                StartServer with a task T for each
//	S.start_serving      S.serve_forever     S.wait_closed
func (a *actor) serverWaits(ctx context.Context, name, verb string, w []string) (known bool, err error) {
	s, _ := a.wires.things[name].(*wireServer)
	switch {
	case verb == "serve" || verb == "serve_deferred":
		return true, a.serve(ctx, name, verb == "serve_deferred")
	case verb == "serve_streams":
		return true, a.serveStreams(ctx, name, w[0], number(w[1]))
	case s == nil:
		return a.streamWaits(ctx, name, verb, w)
	case verb == "start_serving":
		return true, s.StartServing(ctx)
	case verb == "serve_forever":
		return true, s.ServeForever(ctx)
	case verb == "wait_closed":
		return true, s.WaitClosed(ctx)
	}
	return false, nil
}

// next is the name of the next connection of a server.
func (s *wireServer) next(name string) string {
	s.accepted++
	return fmt.Sprint(name, s.accepted)
}

func (a *actor) serve(ctx context.Context, name string, deferred bool) (err error) {
	s := &wireServer{}
	s.Server, err = a.loop.CreateServer(ctx, func() engine.Protocol {
		return a.protocol(s.next(name))
	}, engine.ServerOptions{Host: "127.0.0.1", Deferred: deferred})
	a.wires.things[name] = s
	return err
}

func (a *actor) serveStreams(ctx context.Context, name, program string, limit int) (err error) {
	s := &wireServer{}
	s.Server, err = engine.StartServer(ctx, a.loop, func(ctx context.Context, r *engine.StreamReader, w *engine.StreamWriter) error {
		own := s.next(name)
		a.wires.things[own] = &wireStream{r, w}
		_, err := a.play(ctx, own, program)
		return err
	}, engine.ServerOptions{Host: "127.0.0.1"}, engine.StreamOptions{Limit: limit})
	a.wires.things[name] = s
	return err
}

// streamWaits has those of streams.
//
//	R.open A|S [LIMIT]   OpenConnection      R.readline           R.read N
//	R.readexactly N      R.readuntil TEXT... R.drain              R.wait_closed
func (a *actor) streamWaits(ctx context.Context, name, verb string, w []string) (known bool, err error) {
	s, _ := a.wires.things[name].(*wireStream)
	var p []byte
	switch {
	case verb == "open":
		return true, a.open(ctx, name, w[0], number(w[1]))
	case s == nil:
		return a.socketWaits(ctx, name, verb, w)
	case verb == "drain":
		return true, s.w.Drain(ctx)
	case verb == "wait_closed":
		return true, s.w.WaitClosed(ctx)
	case verb == "readline":
		p, err = s.r.ReadLine(ctx)
	case verb == "read":
		p, err = s.r.Read(ctx, number(w[0]))
	case verb == "readexactly":
		p, err = s.r.ReadExactly(ctx, number(w[0]))
	case verb == "readuntil":
		p, err = s.r.ReadUntil(ctx, separators(w)...)
	default:
		return false, nil
	}
	return true, a.gotBytes(name, p, err)
}

// separators are the words before the padding, each of them one.
func separators(w []string) (list [][]byte) {
	for _, word := range w[:len(w)-3] {
		list = append(list, wireBytes(word))
	}
	return list
}

// gotBytes tells what was read. The end of a stream, which is an error here, is no
// bytes there.
func (a *actor) gotBytes(name string, p []byte, err error) error {
	if err == io.EOF {
		err = nil
	}
	if err == nil {
		a.read(name, p)
	}
	return err
}

func (a *actor) open(ctx context.Context, name, to string, limit int) error {
	o := engine.ConnectOptions{}
	if s, ok := a.wires.things[to].(*engine.Socket); ok {
		o.Sock = s
	} else {
		at := a.address(to).(*net.TCPAddr)
		o.Host, o.Port = at.IP.String(), at.Port
	}
	r, w, err := engine.OpenConnection(ctx, a.loop, o, engine.StreamOptions{Limit: limit})
	a.wires.things[name] = &wireStream{r, w}
	return err
}

// socketWaits has those of sockets.
//
//	A.sock_recv N        A.sock_recv_into N  A.sock_recvfrom N    A.sock_recvfrom_into N
//	A.sock_sendall TEXT  A.sock_push N       A.sock_sendto TEXT X
//	A.sock_connect X     A.sock_accept B
func (a *actor) socketWaits(ctx context.Context, name, verb string, w []string) (known bool, err error) {
	s, _ := a.wires.things[name].(*engine.Socket)
	var p []byte
	switch {
	case verb == "shutdown_executor":
		return true, a.loop.ShutdownDefaultExecutor(ctx, engine.NoTimeout)
	case s == nil:
		return false, nil
	case verb == "sock_recv":
		p, err = a.loop.SockRecv(ctx, s, number(w[0]))
		return true, a.gotBytes(name, p, err)
	case verb == "sock_recv_into":
		p = make([]byte, number(w[0]))
		n, err := a.loop.SockRecvInto(ctx, s, p)
		return true, a.gotBytes(name, p[:n], err)
	case verb == "sock_recvfrom":
		p, _, err = a.loop.SockRecvfrom(ctx, s, number(w[0]))
		return true, a.gotBytes(name, p, err)
	case verb == "sock_recvfrom_into":
		p = make([]byte, number(w[0]))
		n, _, err := a.loop.SockRecvfromInto(ctx, s, p, 0)
		return true, a.gotBytes(name, p[:n], err)
	}
	return a.socketSends(ctx, s, verb, w)
}

func (a *actor) socketSends(ctx context.Context, s *engine.Socket, verb string, w []string) (known bool, err error) {
	switch verb {
	case "sock_sendall":
		_, err = a.loop.SockSendall(ctx, s, wireBytes(w[0]))
	case "sock_push":
		_, err = a.loop.SockSendall(ctx, s, make([]byte, number(w[0])))
	case "sock_sendto":
		_, err = a.loop.SockSendto(ctx, s, wireBytes(w[0]), a.to(w[1]))
	case "sock_connect":
		err = a.loop.SockConnect(ctx, s, a.address(w[0]).String())
	case "sock_accept":
		var got *engine.Socket
		if got, _, err = a.loop.SockAccept(ctx, s); err == nil {
			a.add(w[0], got)
		}
	default:
		return false, nil
	}
	return true, err
}
