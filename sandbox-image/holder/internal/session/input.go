package session

import (
	"time"

	"pocketconsole.dev/holder/internal/limits"
	"pocketconsole.dev/holder/internal/wire"
)

// inputQueue holds accepted input in the order in which it was accepted, over all clients.
type inputQueue struct{ segments []segment }

// segment is input of one client; a change of writer begins a new one.
type segment struct {
	client *client
	bytes  []byte
}

func (q *inputQueue) push(who *client, bytes []byte) {
	if n := len(q.segments); n > 0 && q.segments[n-1].client == who {
		q.segments[n-1].bytes = append(q.segments[n-1].bytes, bytes...)
		return
	}
	q.segments = append(q.segments, segment{client: who, bytes: append([]byte(nil), bytes...)})
}

// typed takes IN. The order of the checks matters: what is known already is never refused, and what is refused is never
// a breach, since frames behind a refused one are still under way when the client learns of it (I1, I5).
func (s *Session) typed(now time.Duration, c *Conn, in wire.In, reply bool) {
	who := c.client
	end := in.Off + uint64(len(in.Bytes))
	switch {
	case end <= who.next:
	case s.shell != ShellRunning:
	case !s.writes(c) || in.Lease != s.lease.number:
		s.send(now, c, wire.Event{Kind: wire.EventInputRefused, Lease: &in.Lease, From: later(in.Off, who.next)})
	case in.Off > who.next:
		s.breach(now, c, "input at %d, but only %d is known", in.Off, who.next)
	case end-who.written > limits.InputWindowBytes:
		s.breach(now, c, "more than %d bytes of input are unacknowledged", limits.InputWindowBytes)
	case end > limits.OffsetMax:
		s.breach(now, c, "input beyond the largest offset")
	default:
		s.input.push(who, in.Bytes[who.next-in.Off:])
		who.next = end
		if !reply {
			at := now
			s.idle.inputAt = &at
			s.active(now)
		}
	}
}

func later(a, b uint64) *uint64 {
	latest := max(a, b)
	return &latest
}

// Input copies what is to be written to the pty next into dst and says how much that is.
func (s *Session) Input(dst []byte) int {
	if len(s.input.segments) == 0 {
		return 0
	}
	return copy(dst, s.input.segments[0].bytes)
}

// InputWritten says that the first n bytes of what Input gave are in the pty now (I2).
func (s *Session) InputWritten(n int) {
	if n <= 0 || len(s.input.segments) == 0 {
		return
	}
	first := &s.input.segments[0]
	first.bytes = first.bytes[n:]
	first.client.written += uint64(n)
	if first.client.conn != nil {
		first.client.conn.inAck = true
	}
	if len(first.bytes) == 0 {
		s.input.segments = s.input.segments[1:]
	}
}

// InputWaits says whether there is something to write to the pty.
func (s *Session) InputWaits() bool { return len(s.input.segments) > 0 }
