package session

import (
	"time"

	"pocketconsole.dev/holder/internal/limits"
	"pocketconsole.dev/holder/internal/wire"
)

// stage is how far a connection is.
type stage int

const (
	stageHello    stage = iota // nothing came yet
	stageAttach                // greeted, may stay so (a kept-open exec)
	stageWaiting               // asked to attach before the shell runs (O8)
	stageAttached              // has a client
	stageClosing               // says its last word, hears nothing
)

// Conn is one connection of a gateway: at most one attachment in its life.
type Conn struct {
	stage   stage
	name    string      // of the other side, from HELLO
	asked   wire.Attach // while waiting
	client  *client     // while attached
	mode    string
	control []byte        // encoded frames that go before output
	waiting int           // how many frames control holds
	placed  []placedEvent // events with a place in the output, by offset
	pos     uint64        // the next byte of output to send
	inAck   bool          // an IN_ACK is due
	last    *wire.Error   // sent when closing, if there is one
	exited  bool          // EXIT was the last word
}

type placedEvent struct {
	off   uint64
	frame []byte
}

// Open adds a connection.
func (s *Session) Open() *Conn {
	c := &Conn{}
	s.conns = append(s.conns, c)
	return c
}

// Close removes a connection, however it ended; an attached client is detached (T6).
func (s *Session) Close(now time.Duration, c *Conn) {
	s.detach(now, c)
	c.stage = stageClosing
	for i, other := range s.conns {
		if other == c {
			s.conns = append(s.conns[:i:i], s.conns[i+1:]...)
			return
		}
	}
}

// Greeted says whether HELLO came.
func (c *Conn) Greeted() bool { return c.stage != stageHello }

// Fresh says whether no ATTACH came yet, so that there is nobody to be told of the end.
func (c *Conn) Fresh() bool { return c.stage == stageHello || c.stage == stageAttach }

// Closing says whether nothing but the last word is left to send.
func (c *Conn) Closing() bool { return c.stage == stageClosing }

// Cut says whether the connection closes before its end: its last word is not worth a long wait. EXIT is.
func (c *Conn) Cut() bool { return c.stage == stageClosing && !c.exited }

func (s *Session) attached() []*Conn {
	var all []*Conn
	for _, c := range s.conns {
		if c.stage == stageAttached {
			all = append(all, c)
		}
	}
	return all
}

// send queues a frame that goes before output; a connection with too many waiting is cut (E2).
func (s *Session) send(now time.Duration, c *Conn, body wire.Body) {
	if s.mayQueue(now, c) {
		c.waiting++
		c.control = wire.AppendPrefixed(c.control, wire.Frame{Body: body})
	}
}

// place queues an event behind the output before off.
func (s *Session) place(now time.Duration, c *Conn, off uint64, event wire.Event) {
	if s.mayQueue(now, c) {
		c.placed = append(c.placed, placedEvent{off: off, frame: wire.AppendPrefixed(nil, wire.Frame{Body: event})})
	}
}

func (s *Session) mayQueue(now time.Duration, c *Conn) bool {
	if c.stage == stageClosing {
		return false
	}
	if c.waiting+len(c.placed) >= limits.EventQueueMax {
		s.fail(now, c, wire.CodeTooSlow, "too many events wait for this client; it does not read")
		return false
	}
	return true
}

func (s *Session) tellAll(now time.Duration, event wire.Event) {
	for _, c := range s.attached() {
		s.send(now, c, event)
	}
}

// fail ends a connection with an ERROR (F8).
func (s *Session) fail(now time.Duration, c *Conn, code, message string) {
	if c.stage == stageClosing {
		return
	}
	s.detach(now, c)
	c.stage = stageClosing
	c.last = &wire.Error{Code: code, Message: message}
}

// detach parts a connection from its client, which is remembered for ClientTTL.
func (s *Session) detach(now time.Duration, c *Conn) {
	if c.client == nil {
		return
	}
	c.client.conn = nil
	c.client.detachedAt = now
	c.client = nil
	c.stage = stageClosing
	c.placed = nil
	c.inAck = false
}
