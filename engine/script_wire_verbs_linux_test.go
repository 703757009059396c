package engine_test

import (
	"fmt"
	"net"
	"os"
	"syscall"

	"github.com/shardloop/shardloop/engine"
)

// verb runs a verb of a thing that does not wait.
func (a *actor) verb(name, verb string, w []string) error {
	switch x := a.wires.things[name].(type) {
	case *engine.Socket:
		return a.socketVerb(x, name, verb, w)
	case *os.File:
		return a.fileVerb(x, name, verb, w)
	case *wireServer:
		return a.serverVerb(x, name, verb)
	case *wireStream:
		if verb == "at_eof" {
			a.tell(name+"."+verb, x.r.AtEOF())
			return nil
		}
		return a.transportVerb(x.w.Transport(), name, verb, w)
	case *wireProto:
		return a.transportVerb(x.tr, name, verb, w)
	case *wireGram:
		return a.gramVerb(x.tr, name, verb, w)
	}
	return fmt.Errorf("no thing %q", name)
}

// socketVerb has the verbs of bare sockets: send and sendto, push N bytes, fill it
// up; recv; drain it, or sink, which tells nothing; small buffers; shut, close,
// reset; and the loop's watching.
func (a *actor) socketVerb(s *engine.Socket, name, verb string, w []string) error {
	switch verb {
	case "send":
		return a.sent(s, wireBytes(w[0]))
	case "push":
		return a.sent(s, make([]byte, number(w[0])))
	case "fill":
		for a.sent(s, make([]byte, 1000)) == nil {
		}
	case "sendto":
		at := a.address(w[1]).(*net.UDPAddr)
		return syscall.Sendto(s.Fd(), wireBytes(w[0]), 0, &syscall.SockaddrInet4{Port: at.Port, Addr: [4]byte(at.IP.To4())})
	case "recv":
		return a.received(s.Fd(), name)
	case "drain":
		a.log(name + "=drained" + a.sink(s))
	case "sink":
		a.sink(s)
	case "small":
		must(a.t, s.SetOption(syscall.SOL_SOCKET, syscall.SO_SNDBUF, 4096))
		must(a.t, s.SetOption(syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096))
	case "shut":
		return s.Shutdown(syscall.SHUT_WR)
	case "close":
		return s.Close()
	case "reset":
		must(a.t, syscall.SetsockoptLinger(s.Fd(), syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1}))
		return s.Close()
	default:
		return a.watchVerb(s, name, verb, w)
	}
	return nil
}

func (a *actor) watchVerb(s *engine.Socket, name, verb string, w []string) error {
	switch verb {
	case "add_reader":
		return a.loop.AddReader(s.Fd(), a.call(w[0]))
	case "add_writer":
		return a.loop.AddWriter(s.Fd(), a.call(w[0]))
	case "remove_reader":
		a.tell(name+"."+verb, a.loop.RemoveReader(s.Fd()))
	case "remove_writer":
		a.tell(name+"."+verb, a.loop.RemoveWriter(s.Fd()))
	default:
		return fmt.Errorf("no verb %q", verb)
	}
	return nil
}

func (a *actor) sent(s *engine.Socket, p []byte) error {
	_, err := syscall.Write(s.Fd(), p)
	return err
}

// received tells what one read returns.
func (a *actor) received(fd int, name string) error {
	n, err := syscall.Read(fd, farScratch)
	if err == syscall.EAGAIN {
		a.log(name + "=again")
		return nil
	}
	if err == nil {
		a.read(name, farScratch[:n])
	}
	return err
}

// sink reads all there is, and says whether that was the end, or the error.
func (a *actor) sink(s *engine.Socket) string {
	for {
		n, err := syscall.Read(s.Fd(), farScratch)
		switch {
		case err == syscall.EAGAIN:
			return ""
		case err != nil:
			return wireError(err)
		case n == 0:
			return "end"
		}
	}
}

func (a *actor) fileVerb(f *os.File, name, verb string, w []string) error {
	fd, err := engine.FDOf(f)
	switch {
	case err != nil:
		return err
	case verb == "close":
		return f.Close()
	case verb == "send":
		_, err = syscall.Write(fd, wireBytes(w[0]))
		return err
	case verb == "recv":
		return a.received(fd, name)
	}
	return fmt.Errorf("no verb %q", verb)
}

func (a *actor) serverVerb(s *wireServer, name, verb string) error {
	switch verb {
	case "close":
		s.Close()
	case "close_clients":
		s.CloseClients()
	case "abort_clients":
		s.AbortClients()
	case "serving":
		a.tell(name+"."+verb, s.IsServing())
	case "sockets":
		a.tell(name+"."+verb, len(s.Sockets()))
	default:
		return fmt.Errorf("no verb %q", verb)
	}
	return nil
}

// transportVerb has the verbs of transports that do something; push writes N bytes.
func (a *actor) transportVerb(tr engine.Transport, name, verb string, w []string) error {
	switch verb {
	case "write":
		return wrote(tr.Write(wireBytes(w[0])))
	case "push":
		return wrote(tr.Write(make([]byte, number(w[0]))))
	case "empty":
		return wrote(tr.Write(nil))
	case "writelines":
		var list [][]byte
		for _, word := range w[:len(w)-3] {
			list = append(list, wireBytes(word))
		}
		return wrote(tr.Writev(list))
	case "write_eof":
		return tr.WriteEOF()
	case "close":
		tr.Close()
	case "abort":
		tr.Abort()
	case "pause":
		tr.PauseReading()
	case "resume":
		tr.ResumeReading()
	case "limits":
		return tr.SetWriteBufferLimits(mark(w[0]), mark(w[1]))
	case "switch":
		tr.SetProtocol(a.protocol(w[0]))
		a.wires.things[w[0]].(*wireProto).tr = tr
	default:
		return a.transportAsked(tr, name, verb)
	}
	return nil
}

// transportAsked has those that tell something.
func (a *actor) transportAsked(tr engine.Transport, name, verb string) error {
	what := name + "." + verb
	switch verb {
	case "getlimits":
		low, high := tr.WriteBufferLimits()
		a.tell(what, fmt.Sprintf("%d-%d", low, high))
	case "size":
		a.tell(what, tr.WriteBufferSize())
	case "closing":
		a.tell(what, tr.IsClosing())
	case "reading":
		a.tell(what, tr.IsReading())
	case "can_write_eof":
		a.tell(what, tr.CanWriteEOF())
	case "protocol":
		a.tell(what, protocolName(tr.Protocol()))
	default:
		return fmt.Errorf("no verb %q", verb)
	}
	return nil
}

// mark is a mark of a write buffer; a dash is none.
func mark(word string) int {
	if word == "-" || word == "" {
		return engine.Default
	}
	return number(word)
}

// gramVerb has the verbs of datagram transports.
func (a *actor) gramVerb(tr engine.DatagramTransport, name, verb string, w []string) error {
	what := name + "." + verb
	switch verb {
	case "sendto":
		return tr.SendTo(wireBytes(w[0]), a.to(w[1]))
	case "push":
		return tr.SendTo(make([]byte, number(w[0])), a.to(w[1]))
	case "empty":
		return tr.SendTo(nil, a.to(w[0]))
	case "close":
		tr.Close()
	case "abort":
		tr.Abort()
	case "limits":
		return tr.SetWriteBufferLimits(mark(w[0]), mark(w[1]))
	case "size":
		a.tell(what, tr.WriteBufferSize())
	case "closing":
		a.tell(what, tr.IsClosing())
	default:
		return fmt.Errorf("no verb %q", verb)
	}
	return nil
}
