package hold

import (
	"bufio"
	"errors"
	"os"
	"sync"
	"time"

	"pocketconsole.dev/holder/internal/limits"
	"pocketconsole.dev/holder/internal/messages"
	"pocketconsole.dev/holder/internal/session"
	"pocketconsole.dev/holder/internal/sock"
	"pocketconsole.dev/holder/internal/tty"
	"pocketconsole.dev/holder/internal/wire"
)

// attachment is one attach process that has handed over its stdin and stdout and waits.
type attachment struct {
	peer    *sock.Conn
	in, out *os.File
	conn    *session.Conn
	wake    chan struct{} // the session has something to send
	dropped chan struct{} // the end: both files are closed
	closing bool          // the last word has its deadline; under the holder's mutex
	drop    sync.Once
}

// serveAttach serves an attach process until it or the attachment ends.
func (h *Holder) serveAttach(peer *sock.Conn, fds []int) {
	a, err := h.newAttachment(peer, fds)
	if err != nil {
		h.answer(peer, messages.FromHolder{Kind: messages.AnswerRefused, Message: err.Error()})
		return
	}
	go h.write(a)
	go h.read(a)
	awaitEnd(peer) // the attach process died, or was told to go and went
	h.dropAttachment(a)
}

func (h *Holder) newAttachment(peer *sock.Conn, fds []int) (*attachment, error) {
	in, inErr := tty.Nonblocking(fds[0], "stdin of attach")
	out, outErr := tty.Nonblocking(fds[1], "stdout of attach")
	if err := errors.Join(inErr, outErr); err != nil {
		sock.CloseAll(fds)
		return nil, err
	}
	a := &attachment{
		peer: peer, in: in, out: out,
		wake: make(chan struct{}, 1), dropped: make(chan struct{}),
	}
	full := false
	h.do(func(time.Duration) {
		if full = len(h.attachments) >= limits.AttachPeersMax; !full {
			a.conn = h.core.Open()
			h.attachments[a] = struct{}{}
		}
	})
	if full {
		in.Close()
		out.Close()
		return nil, errors.New("too many attach processes run already")
	}
	return a, nil
}

// settle wakes the writer if the session has something to send, and gives a last word its deadline. The holder's mutex
// is held.
func (a *attachment) settle(core *session.Session) {
	if a.conn.Cut() && !a.closing {
		a.closing = true
		_ = a.out.SetWriteDeadline(time.Now().Add(limits.CloseFlush))
	}
	if core.Sends(a.conn) {
		poke(a.wake)
	}
}

// dropAttachment ends an attachment however it came about: the client is detached, the files are closed, and the attach
// process learns that it may go.
func (h *Holder) dropAttachment(a *attachment) {
	a.drop.Do(func() {
		close(a.dropped)
		a.in.Close()
		a.out.Close()
		_ = a.peer.Finish()
		_ = a.peer.SetReadDeadline(time.Now().Add(limits.CloseFlush)) // a process that does not go loses its place
		h.do(func(now time.Duration) {
			h.core.Close(now, a.conn)
			delete(h.attachments, a)
		})
		poke(h.peerLeft)
	})
}

// write sends whatever the session has for this attachment. A reader that is slow stops this goroutine only: the session
// keeps the place in the ring.
func (h *Holder) write(a *attachment) {
	defer h.dropAttachment(a)
	var batch []byte
	for {
		select {
		case <-a.wake:
		case <-a.dropped:
			return
		}
		for done := false; ; {
			h.do(func(now time.Duration) { batch, done = h.core.Next(now, a.conn, batch[:0]) })
			if len(batch) > 0 {
				if _, err := a.out.Write(batch); err != nil {
					return
				}
			}
			if done {
				return
			}
			if len(batch) == 0 {
				break
			}
		}
	}
}

// read hands the session every frame that comes, until stdin ends or the session wants no more.
func (h *Holder) read(a *attachment) {
	_ = a.in.SetReadDeadline(time.Now().Add(limits.HelloTimeout))
	r := bufio.NewReader(a.in)
	var frame []byte
	for {
		var err error
		if frame, err = wire.ReadPrefixed(r, frame); err != nil {
			h.readFailed(a, err)
			return
		}
		if !h.handle(a, frame) {
			return
		}
	}
}

// readFailed tells the session why no more frames come. The writer says the last word, if there is one.
func (h *Holder) readFailed(a *attachment, err error) {
	var breach *wire.ProtocolError
	switch {
	case errors.As(err, &breach):
		h.do(func(now time.Duration) { h.core.Refuse(now, a.conn, breach) })
	case errors.Is(err, os.ErrDeadlineExceeded):
		h.do(func(now time.Duration) { h.core.RefuseHello(now, a.conn) })
	default:
		h.dropAttachment(a)
	}
}

// handle hands over one frame and says whether more are wanted.
func (h *Holder) handle(a *attachment, raw []byte) (more bool) {
	frame, err := wire.DecodeFromClient(raw)
	if err != nil {
		h.readFailed(a, err)
		return false
	}
	h.do(func(now time.Duration) {
		greeted := a.conn.Greeted()
		if _, isPlaced := frame.Body.(wire.Resize); isPlaced {
			h.catchUp()
		} else if _, isPlaced := frame.Body.(wire.Attach); isPlaced {
			h.catchUp()
		}
		h.resize(h.core.Handle(now, a.conn, frame))
		if !greeted && a.conn.Greeted() {
			_ = a.in.SetReadDeadline(time.Time{})
		}
		more = !a.conn.Closing()
	})
	return more
}
