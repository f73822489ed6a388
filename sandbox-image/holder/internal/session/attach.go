package session

import (
	"time"

	"pocketconsole.dev/holder/internal/limits"
	"pocketconsole.dev/holder/internal/wire"
)

// client is one client over all its connections.
type client struct {
	id         string
	key        string // the client's own word, known before its id is (O9)
	owner      string // who attached, from the gateway
	name       string // what others are told when it takes the lease
	next       uint64 // input accepted (I1)
	written    uint64 // input written to the pty (I2)
	conn       *Conn  // nil while detached
	detachedAt time.Duration
}

// lease is the right to type; number grows with every change of hands (I5).
type lease struct {
	number uint32
	owner  *client
}

// attach answers ATTACH: every refusal comes before the first change.
func (s *Session) attach(now time.Duration, c *Conn, asked wire.Attach) *Size {
	switch {
	case !s.idle.claimed:
		s.fail(now, c, wire.CodeUnclaimed, "this pod belongs to no session yet")
		return nil
	case s.shell == ShellWaiting:
		c.stage, c.asked = stageWaiting, asked
		return nil
	case asked.JTI != nil && !s.tickets.use(*asked.JTI, now):
		s.fail(now, c, wire.CodeTicketUsed, "this ticket was used before")
		return nil
	}
	known := s.find(now, asked)
	writes := s.grantsLease(now, known, asked)
	from, resume, sound := s.resume(asked)
	switch {
	case !sound:
		s.breach(now, c, "outOff %d is beyond what was printed", *asked.OutOff)
	case asked.Lossless && !writes:
		s.fail(now, c, wire.CodeLeaseNeeded, "a lossless attachment needs the writer lease")
	case (known == nil || known.conn == nil) && s.attachedCount() >= limits.ClientsMax:
		s.fail(now, c, wire.CodeTooMany, "sixteen clients are attached already")
	default:
		return s.admit(now, c, asked, admission{known: known, writes: writes, from: from, resume: resume})
	}
	return nil
}

// admission is what attach found out about an ATTACH that it grants.
type admission struct {
	known  *client // nil for a new one
	writes bool
	from   uint64
	resume string
}

func (s *Session) admit(now time.Duration, c *Conn, asked wire.Attach, a admission) *Size {
	who := a.known
	if who == nil {
		who = s.newClient(now, asked)
	} else if who.conn != nil {
		s.fail(now, who.conn, wire.CodeReplaced, "the same client attached over another connection")
	}
	who.name = c.name
	who.conn, c.client = c, who
	c.stage, c.mode, c.pos = stageAttached, asked.Mode, a.from
	passed := s.passLease(now, who, a.writes)
	resize := s.holdAndSize(now, who, asked, a)
	s.send(now, c, s.attachedBody(now, c, a))
	if passed {
		s.send(now, c, wire.Event{Kind: wire.EventLease, Lease: &s.lease.number})
	}
	return resize
}

// holdAndSize gives the new writer its lossless hold (P6) and the pty its size (S1).
func (s *Session) holdAndSize(now time.Duration, who *client, asked wire.Attach, a admission) *Size {
	s.letGoOfHold(who)
	if !a.writes {
		return nil
	}
	if asked.Lossless {
		s.lossless = losslessHold{client: who, need: a.from, progressAt: now}
	}
	return s.setSize(now, asked.Cols, asked.Rows)
}

func (s *Session) attachedBody(now time.Duration, c *Conn, a admission) wire.Attached {
	attached := wire.Attached{
		ClientID: c.client.id, Epoch: s.config.Epoch,
		Resume: a.resume, From: a.from, Head: s.out.Head(), InOff: c.client.next,
		Cols: s.size.Cols, Rows: s.size.Rows,
		IdleTimeoutMs: milliseconds(s.idle.timeout), IdleDeadlineMs: milliseconds(s.idle.left(now)),
	}
	if a.writes {
		attached.Lease = s.lease.number
	}
	return attached
}

// find gives the client that asks, or nil if it is new to this holder (O5). An id is worth something only together with
// the owner and the epoch it was issued for.
func (s *Session) find(now time.Duration, asked wire.Attach) *client {
	s.forgetExpired(now)
	owner := deref(asked.Owner)
	if asked.ClientID != nil && (asked.Epoch == nil || *asked.Epoch == s.config.Epoch) {
		if known := s.clients[*asked.ClientID]; known != nil && known.owner == owner {
			return known
		}
	}
	return s.findByKey(owner, asked.ClientKey)
}

// findByKey gives the client whose ATTACHED was lost on the way, so that it cannot name the id it was given (O9).
func (s *Session) findByKey(owner string, key *string) *client {
	if key == nil {
		return nil
	}
	for _, one := range s.clients {
		if one.key == *key && one.owner == owner {
			return one
		}
	}
	return nil
}

func (s *Session) forgetExpired(now time.Duration) {
	for id, one := range s.clients {
		if one.conn == nil && now-one.detachedAt >= limits.ClientTTL {
			s.forget(id, one)
		}
	}
}

// forget drops a detached client; what it had typed is still written.
func (s *Session) forget(id string, one *client) {
	delete(s.clients, id)
	s.letGoOfHold(one)
	if s.lease.owner == one {
		s.lease.owner = nil
	}
}

// newClient issues an id; if all places are known clients', the one that is away longest is forgotten (O6).
func (s *Session) newClient(now time.Duration, asked wire.Attach) *client {
	if len(s.clients) >= limits.ClientsMax {
		var oldest *client
		for _, one := range s.clients {
			if one.conn == nil && (oldest == nil || one.detachedAt < oldest.detachedAt) {
				oldest = one
			}
		}
		s.forget(oldest.id, oldest)
	}
	one := &client{id: s.config.NewID(), key: deref(asked.ClientKey), owner: deref(asked.Owner), detachedAt: now}
	s.clients[one.id] = one
	return one
}

// grantsLease decides L1; who is nil for a new client.
func (s *Session) grantsLease(now time.Duration, who *client, asked wire.Attach) bool {
	if asked.Mode != wire.ModeControl {
		return false
	}
	owner := s.lease.owner
	switch {
	case owner == nil || owner == who || asked.Takeover:
		return true
	case owner.conn != nil:
		return false
	}
	// Nobody attached has it. A new client may have it at once; one that merely came back first may not.
	return who == nil || now-owner.detachedAt >= limits.LeaseGrace
}

// passLease gives the lease to who, or takes it from a former writer that now only watches; true if it changed hands.
func (s *Session) passLease(now time.Duration, who *client, writes bool) bool {
	owner := s.lease.owner
	switch {
	case !writes && owner == who:
		s.lease.owner = nil
		return false
	case !writes || owner == who:
		return false
	}
	s.lease = lease{number: s.lease.number + 1, owner: who}
	if owner != nil {
		s.letGoOfHold(owner)
		if owner.conn != nil {
			none, by := uint32(0), who.label()
			s.send(now, owner.conn, wire.Event{Kind: wire.EventLease, Lease: &none, By: &by})
		}
	}
	return true
}

// label is what others are told about a client: never its id, which would let them take its place.
func (c *client) label() string {
	if c.owner != "" {
		return c.owner
	}
	return c.name
}

// writes says whether a connection may type and resize.
func (s *Session) writes(c *Conn) bool {
	return c.client != nil && s.lease.owner == c.client
}

// resume decides where output starts (P3, P4); not sound if the client claims to have read what was never printed.
func (s *Session) resume(asked wire.Attach) (from uint64, how string, sound bool) {
	base := s.out.Base()
	sameEpoch := asked.Epoch != nil && *asked.Epoch == s.config.Epoch
	switch {
	case asked.OutOff == nil && base == 0 && (asked.Epoch == nil || sameEpoch):
		return 0, wire.ResumeDelta, true
	case asked.OutOff == nil || !sameEpoch || *asked.OutOff < base:
		return base, wire.ResumeGap, true
	default:
		return *asked.OutOff, wire.ResumeDelta, *asked.OutOff <= s.out.Head()
	}
}

func deref(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
