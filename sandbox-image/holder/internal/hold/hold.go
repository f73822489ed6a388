// Package hold is the role `hold`, PID 1 of the holder's container: it does what package session decides.
//
// One mutex guards the session. What takes time (the pty, the attach processes, the init) has a goroutine of its own and
// calls in with `do`. hold.go makes and wires; life.go begins and ends; terminal.go is the pty, attachment.go one client,
// peers.go the attach socket, initpeer.go the shell's init.
package hold

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"sync"
	"time"

	"pocketconsole.dev/holder/internal/claim"
	"pocketconsole.dev/holder/internal/messages"
	"pocketconsole.dev/holder/internal/session"
	"pocketconsole.dev/holder/internal/sock"
	"pocketconsole.dev/holder/internal/tty"
)

// Config is what the role needs to know of the world.
type Config struct {
	Version        string
	RunDir         string
	ClaimFile      string
	TerminationLog string
	Diagnostics    io.Writer // a few lines without anything private
}

// Holder is the running role.
type Holder struct {
	config  Config
	epoch   string
	started time.Time // monotonic 0 of the session

	mu          sync.Mutex
	core        *session.Session
	attachments map[*attachment]struct{}
	peers       int           // connections to the attach socket
	endCallers  []*sock.Conn  // wait for the end
	master      *tty.Master   // nil until the init has brought it
	init        *sock.Conn    // the same
	held        bool          // the pump waits for a lossless client
	armed       time.Duration // when the clock will look next; 0: never

	inputWaits chan struct{} // something to write to the pty
	roomAgain  chan struct{} // the pump may go on
	rearm      chan struct{} // something is due earlier than armed
	peerLeft   chan struct{} // a peer or an attachment is gone
	causes     chan cause    // why the session is to end; the first counts
	gone       chan cause    // nothing runs in the shell's container any more
	stopPump   chan struct{} // nobody waits for a lossless client any more
	pumpDone   chan struct{} // no output comes any more
}

// Run holds the terminal until the session ends, and gives the exit code of the process. terminate is closed on SIGTERM.
func Run(config Config, terminate <-chan struct{}) int {
	h := newHolder(config)
	attachSocket, err := sock.Listen(messages.AttachSocket(config.RunDir), 0o600)
	if err != nil {
		return h.giveUp("cannot listen for attach processes: %v", err)
	}
	// The init has another uid than the holder; the volume is the two containers' own.
	initSocket, err := sock.Listen(messages.InitSocket(config.RunDir), 0o666)
	if err != nil {
		return h.giveUp("cannot listen for the shell's init: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	h.lookForClaim() // before anybody can attach, so that a pod made with its claim never seems unclaimed
	go h.acceptPeers(attachSocket)
	go h.serveInit(initSocket)
	go h.awaitClaim(ctx)
	go h.clock(ctx)
	return h.live(terminate)
}

func newHolder(config Config) *Holder {
	h := &Holder{
		config: config, epoch: randomHex(8), started: time.Now(),
		attachments: map[*attachment]struct{}{},
		inputWaits:  make(chan struct{}, 1),
		roomAgain:   make(chan struct{}, 1),
		rearm:       make(chan struct{}, 1),
		peerLeft:    make(chan struct{}, 1),
		causes:      make(chan cause, 1),
		gone:        make(chan cause, 1),
		stopPump:    make(chan struct{}),
		pumpDone:    make(chan struct{}),
	}
	h.core = session.New(session.Config{
		Version: config.Version, Epoch: h.epoch,
		NewID: func() string { return randomHex(16) },
		Size:  session.Size{Cols: tty.DefaultCols, Rows: tty.DefaultRows},
	})
	return h
}

// randomHex gives 2n unguessable digits.
func randomHex(n int) string {
	raw := make([]byte, n)
	_, _ = rand.Read(raw) // never fails, by its documentation
	return hex.EncodeToString(raw)
}

func (h *Holder) say(format string, args ...any) {
	fmt.Fprintf(h.config.Diagnostics, "holder: "+format+"\n", args...)
}

func (h *Holder) giveUp(format string, args ...any) int {
	h.say(format, args...)
	return 1
}

func (h *Holder) now() time.Duration { return time.Since(h.started) }

// do lets f look at or change the session, then wakes whoever has something to do in consequence.
func (h *Holder) do(f func(now time.Duration)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.now()
	f(now)
	h.settle(now)
}

// settle wakes those for whom a change of the session means work. The mutex is held.
func (h *Holder) settle(now time.Duration) {
	for a := range h.attachments {
		a.settle(h.core)
	}
	if h.core.InputWaits() {
		poke(h.inputWaits)
	}
	if h.held && h.core.Room(now) > 0 {
		h.held = false
		poke(h.roomAgain)
	}
	if at, some := h.core.NextDeadline(); some && (h.armed == 0 || at < h.armed) {
		poke(h.rearm)
	}
}

// poke leaves a note in a channel of one place.
func poke(note chan<- struct{}) {
	select {
	case note <- struct{}{}:
	default:
	}
}

// clock calls the session when something is due.
func (h *Holder) clock(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.rearm:
		case <-timer.C:
		}
		h.do(func(now time.Duration) {
			if h.core.Tick(now).Idle {
				h.because(cause{reason: idleReason})
			}
			h.armed = 0
			if at, some := h.core.NextDeadline(); some {
				h.armed = max(at, 1)
				timer.Reset(max(0, at-now))
			}
		})
	}
}

func (h *Holder) lookForClaim() {
	if found, _ := claim.Read(h.config.ClaimFile); found != nil {
		h.claimed(found)
	}
}

func (h *Holder) awaitClaim(ctx context.Context) {
	h.claimed(claim.Wait(ctx, h.config.ClaimFile, func(err error) { h.say("%v", err) }))
}

func (h *Holder) claimed(found *claim.Claim) {
	if found != nil {
		h.do(func(now time.Duration) { h.core.Claim(now, found.IdleTimeout) })
	}
}
