package hold

import (
	"time"

	"golang.org/x/sys/unix"

	"pocketconsole.dev/holder/internal/limits"
	"pocketconsole.dev/holder/internal/session"
	"pocketconsole.dev/holder/internal/tty"
)

// runTerminal takes over the pty's master and lets those in who waited for it.
func (h *Holder) runTerminal(master *tty.Master) {
	h.do(func(now time.Duration) {
		h.master = master
		h.resize(h.core.ShellRuns(now))
	})
	go h.pump(master)
	go h.feed(master)
}

// resize gives the pty its size. The mutex is held, so that the session's place for the change is the true one.
func (h *Holder) resize(size *session.Size) {
	if size != nil && h.master != nil {
		_ = h.master.SetSize(size.Cols, size.Rows) // fails only once the pty is hung up
	}
}

// pump moves output from the pty into the ring until the pty is hung up. A read gives at most 4 KiB, so it reads until
// nothing is left or a batch is full, and only then wakes the attachments: they write once.
func (h *Holder) pump(master *tty.Master) {
	defer close(h.pumpDone)
	for over := false; !over; {
		var held bool
		err := master.OnReadable(func(fd int) bool {
			h.mu.Lock()
			defer h.mu.Unlock()
			n, ended := h.readBatch(fd)
			over = ended
			held = h.holds(n, ended)
			h.settle(h.now())
			return n > 0 || ended || held
		})
		if err != nil {
			return
		}
		if held {
			select {
			case <-h.roomAgain:
			case <-h.stopPump:
			}
		}
	}
}

// holds says whether nothing was read since a lossless client needs the whole ring. The mutex is held.
func (h *Holder) holds(n int, ended bool) bool {
	h.held = n == 0 && !ended && h.core.Room(h.now()) == 0
	return h.held
}

// readBatch reads what there is, up to a batch, straight into the ring. The mutex is held.
func (h *Holder) readBatch(fd int) (total int, ended bool) {
	for total < limits.BatchBytesMax {
		room := min(h.core.Room(h.now()), limits.BatchBytesMax-total)
		if room == 0 {
			return total, false
		}
		n, err := h.core.Output(room, func(p []byte) (int, error) { return unix.Read(fd, p) })
		switch {
		case n > 0:
			total += n
		case err == unix.EINTR:
		case err == unix.EAGAIN:
			return total, false
		default: // EIO or 0: nobody has the terminal open any more
			return total, true
		}
	}
	return total, false
}

// catchUp reads what the pty has printed so far, so that what follows has its place behind it. The mutex is held.
func (h *Holder) catchUp() {
	if h.master != nil {
		_ = h.master.Now(func(fd int) { h.readBatch(fd) })
	}
}

// feed writes accepted input to the pty, as fast as its program reads.
func (h *Holder) feed(master *tty.Master) {
	chunk := make([]byte, limits.InputChunkBytes)
	for {
		select {
		case <-h.inputWaits:
		case <-h.pumpDone:
			return
		}
		for {
			var n int
			h.do(func(time.Duration) { n = h.core.Input(chunk) })
			if n == 0 {
				break
			}
			written, err := master.Write(chunk[:n], limits.InputRetry)
			h.do(func(time.Duration) { h.core.InputWritten(written) })
			if err != nil {
				return
			}
		}
	}
}
