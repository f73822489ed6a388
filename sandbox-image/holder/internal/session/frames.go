package session

import (
	"fmt"
	"time"

	"pocketconsole.dev/holder/internal/wire"
)

// Handle takes one frame from a connection and returns the size the pty needs, if it is another. Output that the pty
// printed so far should be in the ring already, since a resize takes effect at the ring's head (S2).
func (s *Session) Handle(now time.Duration, c *Conn, frame wire.Frame) *Size {
	if _, greets := frame.Body.(wire.Hello); c.stage == stageHello && !greets {
		s.breach(now, c, "the first frame is not HELLO")
		return nil
	}
	switch body := frame.Body.(type) {
	case wire.Ping:
		s.send(now, c, wire.Pong(body))
	case wire.Pong:
	case wire.Hello:
		s.hello(now, c, body)
	default:
		return s.onStream(now, c, frame)
	}
	return nil
}

// Refuse ends a connection whose bytes were not a frame (F8).
func (s *Session) Refuse(now time.Duration, c *Conn, err *wire.ProtocolError) {
	s.fail(now, c, wire.CodeProtocol, err.Message)
}

// RefuseHello ends a connection that did not say HELLO in time (O1).
func (s *Session) RefuseHello(now time.Duration, c *Conn) {
	s.breach(now, c, "no HELLO in time")
}

func (s *Session) breach(now time.Duration, c *Conn, format string, args ...any) {
	s.fail(now, c, wire.CodeProtocol, fmt.Sprintf(format, args...))
}

func (s *Session) hello(now time.Duration, c *Conn, hello wire.Hello) {
	switch {
	case c.stage == stageClosing:
	case c.stage != stageHello:
		s.breach(now, c, "a second HELLO")
	case hello.Versions[0] > ProtocolVersion || hello.Versions[1] < ProtocolVersion:
		s.fail(now, c, wire.CodeVersion, fmt.Sprintf("this holder speaks version %d of cpc, not %d to %d",
			ProtocolVersion, hello.Versions[0], hello.Versions[1]))
	default:
		c.stage = stageAttach
		c.name = hello.Client.Name
		s.send(now, c, wire.Welcome{
			Version: ProtocolVersion,
			Epoch:   &s.config.Epoch,
			Server:  wire.Agent{Name: "holder", Version: s.config.Version},
		})
	}
}

// onStream takes a frame that belongs to a stream: ATTACH, or one that needs an attachment (F7).
func (s *Session) onStream(now time.Duration, c *Conn, frame wire.Frame) *Size {
	attach, isAttach := frame.Body.(wire.Attach)
	_, leaves := frame.Body.(wire.Detach)
	switch {
	case c.stage == stageClosing:
	case frame.Stream != wire.StreamShell:
		s.breach(now, c, "stream %d does not exist", frame.Stream)
	case isAttach && c.stage == stageAttach:
		return s.attach(now, c, attach)
	case isAttach:
		s.breach(now, c, "a second ATTACH on one connection")
	case leaves && c.stage != stageAttached: // before it was answered (O2)
		c.stage = stageClosing
	case c.stage != stageAttached:
		s.breach(now, c, "a frame of type 0x%02x before the stream is attached", uint8(frame.Body.Type()))
	default:
		return s.onAttached(now, c, frame)
	}
	return nil
}

func (s *Session) onAttached(now time.Duration, c *Conn, frame wire.Frame) *Size {
	switch body := frame.Body.(type) {
	case wire.In:
		s.typed(now, c, body, frame.Flags&wire.FlagReply != 0)
	case wire.Ack:
		s.acknowledged(now, c, body.OutOff)
	case wire.Resize:
		if s.writes(c) {
			return s.setSize(now, body.Cols, body.Rows)
		}
	case wire.KeepAlive:
		if c.mode == wire.ModeControl {
			s.active(now)
		}
	case wire.Detach:
		s.letGoOfHold(c.client)
		s.detach(now, c)
	default:
		s.breach(now, c, "a frame of type 0x%02x is not for the holder", uint8(frame.Body.Type()))
	}
	return nil
}
