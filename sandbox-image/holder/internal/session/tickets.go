package session

import (
	"time"

	"pocketconsole.dev/holder/internal/limits"
)

// ticketMemory makes tickets single-use over all gateways (O4).
type ticketMemory struct{ used []usedTicket }

type usedTicket struct {
	id string
	at time.Duration
}

// use remembers a ticket's id; false if it was used before. When all places are taken by tickets that could still be
// valid, a further one is refused too: forgetting one would let it be used twice.
func (m *ticketMemory) use(id string, now time.Duration) bool {
	for len(m.used) > 0 && now-m.used[0].at >= limits.TicketTTL {
		m.used = m.used[1:]
	}
	for _, ticket := range m.used {
		if ticket.id == id {
			return false
		}
	}
	if len(m.used) >= limits.TicketIDsMax {
		return false
	}
	m.used = append(m.used, usedTicket{id: id, at: now})
	return true
}
