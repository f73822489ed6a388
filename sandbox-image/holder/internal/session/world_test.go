package session

import (
	"bufio"
	"bytes"
	"fmt"
	"testing"
	"time"

	"pocketconsole.dev/holder/internal/wire"
)

const idle = 5 * time.Minute

// world drives a session as the holder does, with a clock that only moves when told.
type world struct {
	t      *testing.T
	s      *Session
	now    time.Duration
	output []byte // everything the pty ever printed
	typed  []byte // everything written to the pty
	ids    int
}

// newWorld gives a claimed session with a running shell.
func newWorld(t *testing.T) *world {
	w := newUnclaimed(t)
	w.s.Claim(w.now, idle)
	w.s.ShellRuns(w.now)
	return w
}

func newUnclaimed(t *testing.T) *world {
	w := &world{t: t}
	w.s = New(Config{
		Version: "test", Epoch: "0123456789abcdef", Size: Size{80, 24},
		NewID: func() string { w.ids++; return fmt.Sprintf("client-%d", w.ids) },
	})
	return w
}

// print lets the program print, as far as a lossless client lets it, and returns how much that was.
func (w *world) print(data []byte) int {
	done := 0
	for done < len(data) {
		room := min(w.s.Room(w.now), len(data)-done)
		if room == 0 {
			break
		}
		n, _ := w.s.Output(room, func(p []byte) (int, error) { return copy(p, data[done:]), nil })
		done += n
	}
	w.output = append(w.output, data[:done]...)
	return done
}

// consume lets the program read up to n bytes of input.
func (w *world) consume(n int) {
	buf := make([]byte, 512)
	for n > 0 {
		got := w.s.Input(buf[:min(n, len(buf))])
		if got == 0 {
			return
		}
		w.typed = append(w.typed, buf[:got]...)
		w.s.InputWritten(got)
		n -= got
	}
}

// open makes a connection and greets.
func (w *world) open() *Conn {
	c := w.s.Open()
	w.send(c, wire.Hello{Versions: [2]uint16{1, 1}, Client: wire.Agent{Name: "test", Version: "1"}})
	if welcome, ok := one[wire.Welcome](w, c); !ok || welcome.Version != 1 || *welcome.Epoch != "0123456789abcdef" {
		w.t.Fatalf("[O2] no WELCOME: %+v", welcome)
	}
	return c
}

func (w *world) send(c *Conn, body wire.Body) *Size {
	return w.s.Handle(w.now, c, wire.Frame{Body: body})
}

func control() wire.Attach { return wire.Attach{Cols: 80, Rows: 24, Mode: wire.ModeControl} }
func view() wire.Attach    { return wire.Attach{Cols: 80, Rows: 24, Mode: wire.ModeView} }

// attach opens a connection and attaches.
func (w *world) attach(asked wire.Attach) (*Conn, wire.Attached) {
	w.t.Helper()
	c := w.open()
	w.send(c, asked)
	bodies := w.bodies(c, 0)
	if len(bodies) == 0 {
		w.t.Fatalf("no answer to ATTACH")
	}
	attached, ok := bodies[0].(wire.Attached)
	if !ok {
		w.t.Fatalf("ATTACH was answered with %+v", bodies[0])
	}
	return c, attached
}

// again is an ATTACH of a client that was there before.
func again(asked wire.Attach, id string, outOff uint64) wire.Attach {
	epoch := "0123456789abcdef"
	asked.ClientID, asked.Epoch, asked.OutOff = &id, &epoch, &outOff
	return asked
}

// bodies takes what the session has to say on a connection: one batch, or batches until it has nothing if max is 0.
func (w *world) bodies(c *Conn, max int) []wire.Body {
	w.t.Helper()
	var all []wire.Body
	for batches := 0; w.s.Sends(c) && (max == 0 || batches < max); batches++ {
		raw, done := w.s.Next(w.now, c, nil)
		all = append(all, w.decode(raw)...)
		if done {
			w.s.Close(w.now, c)
			break
		}
	}
	return all
}

func (w *world) decode(raw []byte) []wire.Body {
	w.t.Helper()
	var all []wire.Body
	for r := bufio.NewReader(bytes.NewReader(raw)); ; {
		frame, err := wire.ReadPrefixed(r, nil)
		if err != nil {
			if _, more := r.ReadByte(); more == nil {
				w.t.Fatalf("a batch that is cut: %v", err)
			}
			return all
		}
		decoded, err := wire.Decode(frame)
		if err != nil {
			w.t.Fatalf("the session said something that is no frame: %v", err)
		}
		all = append(all, decoded.Body)
	}
}

// one takes everything said on a connection and gives the first body of type B.
func one[B wire.Body](w *world, c *Conn) (B, bool) {
	w.t.Helper()
	return first[B](w.bodies(c, 0))
}

func first[B wire.Body](bodies []wire.Body) (B, bool) {
	for _, body := range bodies {
		if found, ok := body.(B); ok {
			return found, true
		}
	}
	var none B
	return none, false
}

func event(bodies []wire.Body, kind string) (wire.Event, bool) {
	for _, body := range bodies {
		if e, ok := body.(wire.Event); ok && e.Kind == kind {
			return e, true
		}
	}
	return wire.Event{}, false
}

// wantError fails the test unless the connection was ended with the code.
func (w *world) wantError(rule string, c *Conn, code string) {
	w.t.Helper()
	said, ok := one[wire.Error](w, c)
	if !ok || said.Code != code {
		w.t.Errorf("[%s] want ERROR %s, got %+v", rule, code, said)
	}
	if !c.Closing() {
		w.t.Errorf("[%s] the connection goes on after ERROR", rule)
	}
}
