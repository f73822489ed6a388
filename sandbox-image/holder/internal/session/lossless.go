package session

import (
	"time"

	"pocketconsole.dev/holder/internal/limits"
	"pocketconsole.dev/holder/internal/wire"
)

// losslessHold keeps the ring from overwriting what one client has not acknowledged (P6). There is at most one such
// client, since it needs the writer lease. The hold outlives a lost connection, so that the client can come back for the
// rest; it ends with DETACH, with the lease, and after LosslessHold without progress.
type losslessHold struct {
	client     *client
	need       uint64        // the oldest byte it has not acknowledged
	held       bool          // the pty is not being read on its account
	progressAt time.Duration // of the last progress, or of the time the hold began to hold
}

// Room is how many bytes of output may be taken now. At 0 the pty must be left alone until Room is larger again.
func (s *Session) Room(now time.Duration) int {
	hold := &s.lossless
	if hold.client == nil {
		return s.out.Capacity()
	}
	room := s.out.Capacity() - int(min(s.out.Head()-hold.need, uint64(s.out.Capacity())))
	if room == 0 && !hold.held {
		hold.progressAt = now
	}
	hold.held = room == 0
	return room
}

func (s *Session) holdDeadline() (at time.Duration, holding bool) {
	hold := s.lossless
	return hold.progressAt + limits.LosslessHold, hold.client != nil && hold.held
}

// expireHold ends a hold that made no progress for too long: the shell goes on, that attachment does not.
func (s *Session) expireHold(now time.Duration) {
	at, holding := s.holdDeadline()
	if !holding || now < at {
		return
	}
	slow := s.lossless.client
	s.lossless = losslessHold{}
	if slow.conn != nil {
		s.fail(now, slow.conn, wire.CodeTooSlow, "no output was read for too long; the shell cannot wait for this client")
	}
}

// letGoOfHold ends the hold of a client, if it has it.
func (s *Session) letGoOfHold(who *client) {
	if who != nil && s.lossless.client == who {
		s.lossless = losslessHold{}
	}
}
