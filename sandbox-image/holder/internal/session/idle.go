package session

import (
	"time"

	"pocketconsole.dev/holder/internal/limits"
	"pocketconsole.dev/holder/internal/wire"
)

// idleClock decides when a session was left alone for too long (T1 to T3).
type idleClock struct {
	claimed  bool
	running  bool // from the claim to the deadline or the end
	timeout  time.Duration
	activeAt time.Duration
	warned   bool
	inputAt  *time.Duration // the last input of a person
}

func (i *idleClock) deadline() time.Duration { return i.activeAt + i.timeout }

// warnAt is the time of the warning (T2).
func (i *idleClock) warnAt() time.Duration {
	return i.deadline() - min(limits.IdleWarningMax, i.timeout/2)
}

func (i *idleClock) warningDue(now time.Duration) bool {
	return i.running && !i.warned && now >= i.warnAt() && i.left(now) > 0
}

// left is the time to the deadline; 0 before the claim and after the end.
func (i *idleClock) left(now time.Duration) time.Duration {
	if !i.running {
		return 0
	}
	return max(0, i.deadline()-now)
}

func (i *idleClock) next() (at time.Duration, some bool) {
	if !i.running {
		return 0, false
	}
	if i.warned {
		return i.deadline(), true
	}
	return i.warnAt(), true
}

// active restarts the idle clock and takes a warning back.
func (s *Session) active(now time.Duration) {
	if !s.idle.running {
		return
	}
	s.idle.activeAt = now
	if s.idle.warned {
		s.idle.warned = false
		s.tellAll(now, wire.Event{Kind: wire.EventIdleReset, IdleDeadlineMs: milliseconds(s.idle.left(now))})
	}
}
