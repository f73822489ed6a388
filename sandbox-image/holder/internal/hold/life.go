package hold

import (
	"maps"
	"os"
	"slices"
	"time"

	"pocketconsole.dev/holder/internal/limits"
	"pocketconsole.dev/holder/internal/messages"
	"pocketconsole.dev/holder/internal/report"
	"pocketconsole.dev/holder/internal/wire"
)

const (
	exitedReason = wire.ReasonExited
	idleReason   = wire.ReasonIdle
	endedReason  = wire.ReasonEnded
)

// exitCodeLost is that of a shell whose container died without a report: it was killed.
const exitCodeLost = 128 + 9

// cause says why the session ends.
type cause struct {
	reason   string
	exitCode uint8
	failure  error // the holder itself cannot go on
}

// because notes why the session is to end; the first note counts.
func (h *Holder) because(c cause) {
	select {
	case h.causes <- c:
	default:
	}
}

// live waits for the end and carries it out.
func (h *Holder) live(terminate <-chan struct{}) int {
	var why cause
	select {
	case why = <-h.gone:
		h.end(why, terminate)
		return 0
	case why = <-h.causes:
	case <-terminate:
		why = cause{reason: endedReason}
	}
	if why.failure != nil {
		return h.giveUp("%v", why.failure)
	}
	why.exitCode = h.hangUp()
	h.end(why, terminate)
	return 0
}

// end lets the last output through, says EXIT behind it, and leaves.
func (h *Holder) end(why cause, terminate <-chan struct{}) {
	h.drain(terminate)
	var exitCode *uint8
	if why.reason == exitedReason {
		exitCode = &why.exitCode
	}
	h.do(func(now time.Duration) { h.core.End(now, why.reason, exitCode) })
	// Before the clients fetch the rest: whatever happens to the container from here on, the reason is known.
	h.writeTermination(why)
	h.awaitPeers(limits.FlushMax, limits.TermFlushMax, terminate, h.allTold)
	h.dropAll()
	h.answerEndCallers()
	h.awaitPeers(limits.LeaveMax, limits.LeaveMax, terminate, func() bool { return h.peers == 0 })
}

// hangUp asks the init to end everything and gives the shell's exit code.
func (h *Holder) hangUp() (exitCode uint8) {
	h.mu.Lock()
	init := h.init
	h.mu.Unlock()
	if init == nil || init.Send(messages.ToInit{Kind: messages.ToInitHangup}) != nil {
		return exitCodeLost
	}
	select {
	case how := <-h.gone:
		return how.exitCode
	case <-time.After(limits.HangupWait):
		h.say("the shell's init does not answer; its terminal is closed")
		return exitCodeLost
	}
}

// drain waits until the pump has read the last output, then closes the pty: should anything still run there, it gets
// SIGHUP from the kernel.
func (h *Holder) drain(terminate <-chan struct{}) {
	h.mu.Lock()
	master := h.master
	h.mu.Unlock()
	if master == nil {
		return
	}
	within(limits.DrainMax, limits.TermDrainMax, terminate, h.pumpDone)
	close(h.stopPump)
	_ = master.Close()
	<-h.pumpDone
}

// allTold says whether every client has its EXIT. The mutex is held.
func (h *Holder) allTold() bool {
	for a := range h.attachments {
		if !a.conn.Fresh() {
			return false
		}
	}
	return true
}

func (h *Holder) dropAll() {
	h.mu.Lock()
	rest := slices.Collect(maps.Keys(h.attachments))
	h.mu.Unlock()
	for _, a := range rest {
		h.dropAttachment(a)
	}
}

// within waits for done, at most for long; once terminate is closed, at most for short from then on.
func within(long, short time.Duration, terminate, done <-chan struct{}) {
	patience := time.After(long)
	for {
		select {
		case <-done:
			return
		case <-patience:
			return
		case <-terminate:
			terminate, patience = nil, time.After(short)
		}
	}
}

// awaitPeers waits for a condition that the leaving of peers brings about.
func (h *Holder) awaitPeers(long, short time.Duration, terminate <-chan struct{}, met func() bool) {
	done := make(chan struct{})
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		defer close(done)
		for {
			h.mu.Lock()
			over := met()
			h.mu.Unlock()
			if over {
				return
			}
			select {
			case <-h.peerLeft:
			case <-stop:
				return
			}
		}
	}()
	within(long, short, terminate, done)
}

func (h *Holder) writeTermination(why cause) {
	h.mu.Lock()
	last := h.core.Status(h.now())
	h.mu.Unlock()
	text := report.JSON(report.NewTermination(why.reason, why.exitCode, h.started, last))
	if err := os.WriteFile(h.config.TerminationLog, text, 0o644); err != nil {
		h.say("the termination message was not written: %v", err)
	}
}
