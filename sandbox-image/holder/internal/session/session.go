// Package session decides what the holder does: clients, their input and output, the writer lease, the idle clock.
// It is a pure state machine: no I/O, no clock, no randomness, no locks. Whoever drives it says what time it is, as the
// monotonic time since the holder's start, and calls it from one goroutine at a time.
package session

import (
	"time"

	"pocketconsole.dev/holder/internal/limits"
	"pocketconsole.dev/holder/internal/ring"
	"pocketconsole.dev/holder/internal/wire"
)

// ProtocolVersion is the only version of cpc this holder speaks.
const ProtocolVersion = 1

// Config is what a session is made from.
type Config struct {
	Version string        // of the holder, for WELCOME
	Epoch   string        // names this run of the holder
	NewID   func() string // gives unguessable client ids
	Size    Size          // of the pty as the init makes it
}

// Size is a terminal's size in cells.
type Size struct{ Cols, Rows uint16 }

// ShellState is how far the shell is.
type ShellState string

// The states of the shell, in their order.
const (
	ShellWaiting ShellState = "waiting"
	ShellRunning ShellState = "running"
	ShellExited  ShellState = "exited"
)

// Session is the state of one holder.
type Session struct {
	config   Config
	out      *ring.Ring
	size     Size
	shell    ShellState
	idle     idleClock
	clients  map[string]*client
	conns    []*Conn
	lease    lease
	tickets  ticketMemory
	input    inputQueue
	lossless losslessHold
	exit     *wire.Exit
}

// New makes the session of an unclaimed holder whose shell does not run yet.
func New(config Config) *Session {
	return &Session{
		config:  config,
		out:     ring.New(limits.RingBytes),
		size:    config.Size,
		shell:   ShellWaiting,
		clients: map[string]*client{},
	}
}

// Claim starts the idle clock (T1). A second claim is ignored.
func (s *Session) Claim(now, idleTimeout time.Duration) {
	if !s.idle.claimed {
		s.idle = idleClock{claimed: true, running: true, timeout: idleTimeout, activeAt: now}
	}
}

// ShellRuns lets those in who waited for the shell (O8) and returns the size the pty needs, if it is another.
func (s *Session) ShellRuns(now time.Duration) *Size {
	s.shell = ShellRunning
	var resize *Size
	for _, c := range append([]*Conn(nil), s.conns...) {
		if c.stage == stageWaiting {
			if changed := s.attach(now, c, c.asked); changed != nil {
				resize = changed
			}
		}
	}
	return resize
}

// ShellExited says that nothing reads input any more; what is still queued is dropped and never acknowledged.
func (s *Session) ShellExited() {
	s.shell = ShellExited
	s.input = inputQueue{}
}

// End places EXIT behind all output (T3, T4); no output may follow.
func (s *Session) End(now time.Duration, reason string, exitCode *uint8) {
	s.ShellExited()
	s.idle.running = false
	s.exit = &wire.Exit{Reason: reason, ExitCode: exitCode, OutHead: s.out.Head()}
	for _, c := range append([]*Conn(nil), s.conns...) {
		if c.stage == stageWaiting {
			s.fail(now, c, wire.CodeEnded, "the session ended before its shell ran")
		}
	}
}

// Output reads from the pty straight into the ring: read gets a place for at most max bytes and returns how many it filled.
func (s *Session) Output(max int, read func([]byte) (int, error)) (int, error) {
	return s.out.Fill(max, read)
}

// Expired is what Tick found to be over.
type Expired struct{ Idle bool }

// Tick does what is due at now: the idle warning, the idle deadline (told once), the end of a lossless hold.
func (s *Session) Tick(now time.Duration) Expired {
	s.expireHold(now)
	if s.idle.warningDue(now) {
		s.idle.warned = true
		s.tellAll(now, wire.Event{Kind: wire.EventIdleWarning, RemainingMs: milliseconds(s.idle.left(now))})
	}
	if s.idle.running && s.idle.left(now) == 0 {
		s.idle.running = false
		return Expired{Idle: true}
	}
	return Expired{}
}

// NextDeadline is the time at which Tick has something to do, if any.
func (s *Session) NextDeadline() (at time.Duration, some bool) {
	at, some = s.idle.next()
	if hold, holding := s.holdDeadline(); holding && (!some || hold < at) {
		at, some = hold, true
	}
	return at, some
}

// Status is a look at the session from outside.
type Status struct {
	Shell       ShellState
	Claimed     bool
	IdleLeft    time.Duration
	OutHead     uint64
	Clients     int
	LastInputAt *time.Duration
}

// Status tells what `holder status` and the termination message say.
func (s *Session) Status(now time.Duration) Status {
	return Status{
		Shell: s.shell, Claimed: s.idle.claimed, IdleLeft: s.idle.left(now),
		OutHead: s.out.Head(), Clients: s.attachedCount(), LastInputAt: s.idle.inputAt,
	}
}

func (s *Session) attachedCount() int {
	n := 0
	for _, c := range s.conns {
		if c.stage == stageAttached {
			n++
		}
	}
	return n
}

// setSize changes the size and tells everybody where in the output that happened (S2); nil if it is the same.
func (s *Session) setSize(now time.Duration, cols, rows uint16) *Size {
	size := Size{Cols: clamp(cols, limits.ColsMax), Rows: clamp(rows, limits.RowsMax)}
	if size == s.size {
		return nil
	}
	s.size = size
	off := s.out.Head()
	for _, c := range s.attached() {
		s.place(now, c, off, wire.Event{Kind: wire.EventResized, Off: &off, Cols: &size.Cols, Rows: &size.Rows})
	}
	return &size
}

func clamp(cells, limit uint16) uint16 {
	return min(limit, max(1, cells))
}

func milliseconds(d time.Duration) *uint64 {
	ms := uint64(d.Milliseconds())
	return &ms
}
