package session

import (
	"time"

	"pocketconsole.dev/holder/internal/limits"
	"pocketconsole.dev/holder/internal/wire"
)

// Next appends what is to be sent on a connection now, as prefixed frames, and says whether that is the end of it.
// Control frames come first, an acknowledgement next, then output up to about BatchBytesMax, with events at their places
// and EXIT behind everything.
func (s *Session) Next(now time.Duration, c *Conn, dst []byte) (out []byte, done bool) {
	dst = append(dst, c.control...)
	c.control, c.waiting = c.control[:0], 0
	switch c.stage {
	case stageClosing:
		if c.last != nil {
			dst = wire.AppendPrefixed(dst, wire.Frame{Body: *c.last})
			c.last = nil
		}
		return dst, true
	case stageAttached:
		return s.nextOutput(now, c, dst)
	default:
		return dst, false
	}
}

func (s *Session) nextOutput(now time.Duration, c *Conn, dst []byte) (out []byte, done bool) {
	if c.inAck {
		c.inAck = false
		dst = wire.AppendPrefixed(dst, wire.Frame{Body: wire.InAck{InOff: c.client.written}})
	}
	if base := s.out.Base(); c.pos < base {
		dst = wire.AppendPrefixed(dst, wire.Frame{Body: wire.Gap{From: c.pos, To: base}})
		c.pos = base
	}
	for batch := 0; batch < limits.BatchBytesMax; {
		dst = c.appendPlaced(dst)
		n := int(min(s.out.Head()-c.pos, limits.OutBytesMax, c.untilPlaced()))
		if n == 0 {
			break
		}
		dst = s.out.Append(wire.AppendOutHead(dst, c.pos, n), c.pos, n)
		c.pos += uint64(n)
		batch += n
	}
	if s.exit != nil && c.pos == s.out.Head() && len(c.placed) == 0 {
		s.detach(now, c)
		c.exited = true
		return wire.AppendPrefixed(dst, wire.Frame{Body: *s.exit}), true
	}
	return dst, false
}

// appendPlaced appends the events whose place has come.
func (c *Conn) appendPlaced(dst []byte) []byte {
	for len(c.placed) > 0 && c.placed[0].off <= c.pos {
		dst = append(dst, c.placed[0].frame...)
		c.placed = c.placed[1:]
	}
	return dst
}

// untilPlaced is how much output may go before the next placed event.
func (c *Conn) untilPlaced() uint64 {
	if len(c.placed) == 0 {
		return limits.OutBytesMax
	}
	return c.placed[0].off - c.pos
}

// Sends says whether Next has anything to say about a connection.
func (s *Session) Sends(c *Conn) bool {
	switch {
	case len(c.control) > 0 || c.stage == stageClosing:
		return true
	case c.stage != stageAttached:
		return false
	default:
		return c.inAck || c.pos < s.out.Head() || len(c.placed) > 0 || s.exit != nil
	}
}

// acknowledged takes ACK (C3). Only a lossless hold needs it: what was sent may still get lost, what was parsed may not.
func (s *Session) acknowledged(now time.Duration, c *Conn, off uint64) {
	if off > c.pos {
		s.breach(now, c, "ACK of %d, but only %d was sent", off, c.pos)
		return
	}
	if hold := &s.lossless; hold.client == c.client && off > hold.need {
		hold.need, hold.progressAt = off, now
	}
}
