package engine_test

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/shardloop/shardloop/engine"
)

// wireTold is what the protocols of scripts have in common: they tell what they
// are told, and run the program that is named for it.
type wireTold struct {
	*script
	name   string
	memory []byte // of GetBuffer
}

// told tells of an event and returns the answer of its program.
func (p *wireTold) told(event, more string) (answer int) {
	p.log(p.name + "." + event + more)
	defer p.wake(p.name + "." + event)
	return p.hook(p.name + "." + event)
}

// wake ends a wait for an event.
func (s *script) wake(event string) {
	if f := s.wires.waiters[event]; f != nil {
		delete(s.wires.waiters, event)
		if !f.Done() {
			must(s.t, f.SetResult(""))
		}
	}
}

// hook runs the program of an event. Its answer is that of keep or give, 0 without.
func (s *script) hook(name string) (answer int) {
	for _, st := range s.programs[name].block {
		switch st.words[0] {
		case "keep":
			answer = 1
		case "give":
			answer, _ = strconv.Atoi(st.words[1])
			answer++ // 0 is no answer
		case "raise":
			panic(errors.New(st.words[1]))
		default:
			(&actor{script: s, name: name}).sync(st.words)
		}
	}
	return answer
}

// wireProto is a Protocol of a script.
type wireProto struct {
	wireTold
	tr engine.Transport
}

func (p *wireProto) ConnectionMade(tr engine.Transport) { p.tr = tr; p.told("made", "") }
func (p *wireProto) DataReceived(b []byte)              { p.told("data", "="+wireText(b)) }
func (p *wireProto) EOFReceived() bool                  { return p.told("eof", "") > 0 }
func (p *wireProto) ConnectionLost(err error)           { p.told("lost", "="+wireError(err)) }
func (p *wireProto) PauseWriting()                      { p.told("pause", "") }
func (p *wireProto) ResumeWriting()                     { p.told("resume", "") }

// wireFill is a BufferedProtocol of a script.
type wireFill struct{ wireProto }

func (p *wireFill) GetBuffer(hint int) []byte {
	n := p.told("get", fmt.Sprint("=", hint))
	if n == 0 {
		n = 17
	}
	p.memory = make([]byte, n-1)
	return p.memory
}

func (p *wireFill) BufferUpdated(n int) { p.told("updated", "="+wireText(p.memory[:n])) }

// protocol makes a protocol, buffered if there is a program for its get.
func (s *script) protocol(name string) engine.Protocol {
	f := &wireFill{wireProto{wireTold: wireTold{script: s, name: name}}}
	s.wires.things[name] = &f.wireProto
	s.hook(name + ".factory")
	if s.mode(name + ".get") {
		return f
	}
	return &f.wireProto
}

// protocolName is that of a transport's protocol.
func protocolName(p engine.Protocol) string {
	switch p := p.(type) {
	case *wireProto:
		return p.name
	case *wireFill:
		return p.name
	}
	return "none"
}

// wireGram is a DatagramProtocol of a script.
type wireGram struct {
	wireTold
	tr engine.DatagramTransport
}

func (p *wireGram) ConnectionMade(tr engine.DatagramTransport)  { p.tr = tr; p.told("made", "") }
func (p *wireGram) DatagramReceived(b []byte, from engine.Addr) { p.told("datagram", "="+wireText(b)) }
func (p *wireGram) ErrorReceived(err error)                     { p.told("error", "="+wireError(err)) }
func (p *wireGram) ConnectionLost(err error)                    { p.told("lost", "="+wireError(err)) }
func (p *wireGram) PauseWriting()                               { p.told("pause", "") }
func (p *wireGram) ResumeWriting()                              { p.told("resume", "") }

// gram makes a datagram protocol.
func (s *script) gram(name string) engine.DatagramProtocol {
	g := &wireGram{wireTold: wireTold{script: s, name: name}}
	s.wires.things[name] = g
	s.hook(name + ".factory")
	return g
}

// wireServer is a Server of a script. Its connections are numbered.
type wireServer struct {
	*engine.Server
	accepted int
}

// wireStream is both ends of a stream.
type wireStream struct {
	r *engine.StreamReader
	w *engine.StreamWriter
}
