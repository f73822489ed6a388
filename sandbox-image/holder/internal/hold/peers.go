package hold

import (
	"os"
	"time"

	"pocketconsole.dev/holder/internal/limits"
	"pocketconsole.dev/holder/internal/messages"
	"pocketconsole.dev/holder/internal/report"
	"pocketconsole.dev/holder/internal/session"
	"pocketconsole.dev/holder/internal/sock"
)

// acceptPeers takes connections to the attach socket, a bounded number at a time.
func (h *Holder) acceptPeers(listener *sock.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			h.say("accept: %v", err)
			time.Sleep(limits.AcceptPause)
			continue
		}
		if !h.enter() {
			// Into an empty buffer, so this does not wait.
			_ = conn.Send(messages.FromHolder{Kind: messages.AnswerRefused, Message: "too many helpers run already"})
			conn.Close()
			continue
		}
		go func() {
			defer h.leave()
			defer conn.Close()
			h.servePeer(conn)
		}()
	}
}

func (h *Holder) enter() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.peers >= limits.PeersMax {
		return false
	}
	h.peers++
	return true
}

func (h *Holder) leave() {
	h.mu.Lock()
	h.peers--
	h.mu.Unlock()
	poke(h.peerLeft)
}

// servePeer answers one exec'd helper. Who it is comes first: nothing is read from another uid.
func (h *Holder) servePeer(conn *sock.Conn) {
	uid, err := conn.PeerUID()
	if err != nil || uid != uint32(os.Getuid()) {
		h.say("a process of uid %d was refused (%v)", uid, err)
		return
	}
	_ = conn.SetWriteDeadline(time.Now().Add(limits.HelloTimeout))
	_ = conn.SetReadDeadline(time.Now().Add(limits.HelloTimeout))
	var call messages.ToHolder
	fds, err := conn.Receive(&call, 2)
	if err != nil {
		return
	}
	_ = conn.SetReadDeadline(time.Time{})
	switch {
	case call.Kind == messages.CallAttach && len(fds) == 2:
		h.serveAttach(conn, fds)
	case call.Kind == messages.CallStatus && len(fds) == 0:
		h.answer(conn, messages.FromHolder{Kind: messages.AnswerStatus, Status: h.status()})
	case call.Kind == messages.CallEnd && len(fds) == 0:
		h.serveEnd(conn, call.Reason)
	default:
		sock.CloseAll(fds)
		h.answer(conn, messages.FromHolder{Kind: messages.AnswerRefused, Message: "the call is not understood"})
	}
}

// answer gives the last word to a helper and waits for it to go.
func (h *Holder) answer(conn *sock.Conn, answer messages.FromHolder) {
	if conn.Send(answer) == nil {
		_ = conn.Finish()
		_ = conn.SetReadDeadline(time.Now().Add(limits.HelloTimeout))
		awaitEnd(conn)
	}
}

// awaitEnd returns when the other end is gone, or says anything: it has nothing more to say.
func awaitEnd(conn *sock.Conn) {
	var nothing messages.ToHolder
	fds, _ := conn.Receive(&nothing, 0)
	sock.CloseAll(fds)
}

func (h *Holder) status() report.Status {
	var now session.Status
	h.do(func(at time.Duration) { now = h.core.Status(at) })
	return report.NewStatus(h.config.Version, h.epoch, now)
}

// reasonBytesMax bounds what `end --reason` puts into the diagnostics.
const reasonBytesMax = 64

// serveEnd begins the end and keeps the caller until it is done.
func (h *Holder) serveEnd(conn *sock.Conn, reason string) {
	h.mu.Lock()
	h.endCallers = append(h.endCallers, conn)
	h.mu.Unlock()
	h.say("asked to end: %.*q", reasonBytesMax, reason)
	h.because(cause{reason: endedReason})
	awaitEnd(conn)
}

func (h *Holder) answerEndCallers() {
	h.mu.Lock()
	callers := h.endCallers
	h.mu.Unlock()
	for _, conn := range callers {
		_ = conn.SetWriteDeadline(time.Now().Add(limits.CloseFlush))
		_ = conn.Send(messages.FromHolder{Kind: messages.AnswerEnded})
		_ = conn.Finish()
	}
}
