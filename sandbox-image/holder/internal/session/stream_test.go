package session

import (
	"bytes"
	"testing"
	"time"

	"pocketconsole.dev/holder/internal/limits"
	"pocketconsole.dev/holder/internal/wire"
)

func TestOutputComesInOrderAndBounded(t *testing.T) {
	w := newWorld(t)
	c, _ := w.attach(view())
	data := bytes.Repeat([]byte("0123456789"), 20_000)
	w.print(data)
	var got []byte
	for _, body := range w.bodies(c, 0) {
		out := body.(wire.Out)
		if out.Off != uint64(len(got)) || len(out.Bytes) > limits.OutBytesMax {
			t.Fatalf("[P1] OUT at %d with %d bytes, want offset %d", out.Off, len(out.Bytes), len(got))
		}
		got = append(got, out.Bytes...)
	}
	if !bytes.Equal(got, data) {
		t.Errorf("[P8] %d bytes arrived of %d, or others", len(got), len(data))
	}
}

func TestBatchIsBounded(t *testing.T) {
	w := newWorld(t)
	c, _ := w.attach(view())
	w.print(make([]byte, limits.RingBytes))
	raw, _ := w.s.Next(w.now, c, nil)
	if len(raw) > limits.BatchBytesMax+limits.OutBytesMax {
		t.Errorf("[H9] one batch has %d bytes", len(raw))
	}
}

func TestLaggardIsToldItsGap(t *testing.T) {
	w := newWorld(t)
	c, _ := w.attach(view())
	w.print(make([]byte, 100))
	w.bodies(c, 0)
	w.print(make([]byte, limits.RingBytes+400))
	bodies := w.bodies(c, 0)
	gap, ok := bodies[0].(wire.Gap)
	if !ok || gap != (wire.Gap{From: 100, To: 500}) {
		t.Fatalf("[P5] got %+v", bodies[0])
	}
	if out := bodies[1].(wire.Out); out.Off != 500 {
		t.Errorf("[P5] after the gap output goes on at %d", out.Off)
	}
}

func TestResizeIsPlacedInTheOutput(t *testing.T) {
	w := newWorld(t)
	writer, _ := w.attach(control())
	viewer, _ := w.attach(view())
	w.print([]byte("before"))
	if size := w.send(writer, wire.Resize{Cols: 5000, Rows: 0}); *size != (Size{1000, 1}) {
		t.Errorf("[S2] clamped to %+v", size)
	}
	if size := w.send(writer, wire.Resize{Cols: 1000, Rows: 1}); size != nil {
		t.Errorf("[S2] the same size again is a change: %+v", size)
	}
	w.print([]byte("after"))
	for _, c := range []*Conn{writer, viewer} {
		bodies := w.bodies(c, 0)
		resized, ok := bodies[1].(wire.Event)
		if string(bodies[0].(wire.Out).Bytes) != "before" || !ok || *resized.Off != 6 || *resized.Cols != 1000 ||
			string(bodies[2].(wire.Out).Bytes) != "after" {
			t.Errorf("[S2] got %+v", bodies)
		}
	}
}

func TestAttachSetsTheSizeOnlyWithTheLease(t *testing.T) {
	w := newWorld(t)
	asked := control()
	asked.Cols = 100
	c := w.open()
	if size := w.send(c, asked); size == nil || size.Cols != 100 {
		t.Errorf("[S1] the writer's ATTACH set %+v", size)
	}
	asked.Cols = 50
	c = w.open()
	if size := w.send(c, asked); size != nil {
		t.Errorf("[S1] a viewer's ATTACH set %+v", size)
	}
	if attached, _ := one[wire.Attached](w, c); attached.Cols != 100 {
		t.Errorf("[S1] the viewer was told %d columns", attached.Cols)
	}
}

func TestAcks(t *testing.T) {
	w := newWorld(t)
	c, _ := w.attach(view())
	w.print([]byte("abcdef"))
	w.bodies(c, 0)
	for _, off := range []uint64{4, 2, 4, 6, 0} {
		w.send(c, wire.Ack{OutOff: off})
	}
	if c.Closing() {
		t.Fatal("[C3] an older ACK ended the connection")
	}
	w.send(c, wire.Ack{OutOff: 7})
	w.wantError("C3", c, wire.CodeProtocol)
}

func TestPingIsAnsweredBeforeOutput(t *testing.T) {
	w := newWorld(t)
	c, _ := w.attach(view())
	w.print(make([]byte, 1000))
	w.send(c, wire.Ping{Opaque: 1<<64 - 1})
	if bodies := w.bodies(c, 0); bodies[0] != (wire.Pong{Opaque: 1<<64 - 1}) {
		t.Errorf("[T5] first came %+v", bodies[0])
	}
}

func TestEventQueueIsBounded(t *testing.T) {
	w := newWorld(t)
	c, _ := w.attach(view())
	for range limits.EventQueueMax {
		w.send(c, wire.Ping{})
	}
	if c.Closing() {
		t.Fatal("[E2] cut one too early")
	}
	w.send(c, wire.Ping{})
	w.wantError("E2", c, wire.CodeTooSlow)

	writer, _ := w.attach(control())
	for i := range limits.EventQueueMax + 1 {
		w.print([]byte("x"))
		w.send(writer, wire.Resize{Cols: uint16(1 + i%2), Rows: 1})
	}
	w.wantError("E2", writer, wire.CodeTooSlow)
}

func TestExitFollowsTheLastByte(t *testing.T) {
	w := newWorld(t)
	c, _ := w.attach(view())
	w.print(make([]byte, 300_000))
	code := uint8(130)
	w.s.End(w.now, wire.ReasonExited, &code)
	bodies := w.bodies(c, 0)
	exit, ok := bodies[len(bodies)-1].(wire.Exit)
	if !ok || exit.Reason != wire.ReasonExited || *exit.ExitCode != 130 || exit.OutHead != 300_000 {
		t.Fatalf("[T4] the last word is %+v", bodies[len(bodies)-1])
	}
	if last := bodies[len(bodies)-2].(wire.Out); last.Off+uint64(len(last.Bytes)) != 300_000 {
		t.Errorf("[T4] EXIT overtook output")
	}
	if _, late := w.attach(view()); late.Head != 300_000 {
		t.Errorf("[T4] who comes after the end gets %+v", late)
	}
}

func TestEndBeforeTheShell(t *testing.T) {
	w := newUnclaimed(t)
	w.s.Claim(w.now, idle)
	c := w.open()
	w.send(c, control())
	w.s.End(w.now, wire.ReasonEnded, nil)
	w.wantError("T4", c, wire.CodeEnded)
}

func lossless() wire.Attach {
	asked := control()
	asked.Lossless = true
	return asked
}

func TestLosslessNeedsTheLease(t *testing.T) {
	w := newWorld(t)
	w.attach(control())
	c := w.open()
	w.send(c, lossless())
	w.wantError("P6", c, wire.CodeLeaseNeeded)
}

func TestLosslessHoldsThePtyAndLetsGo(t *testing.T) {
	w := newWorld(t)
	c, _ := w.attach(lossless())
	other, _ := w.attach(view())
	if n := w.print(make([]byte, 2*limits.RingBytes)); n != limits.RingBytes {
		t.Fatalf("[P6] %d bytes were read over what a lossless client needs", n)
	}
	w.now += limits.LosslessHold - 1
	w.s.Tick(w.now)
	w.bodies(c, 1)
	w.send(c, wire.Ack{OutOff: 1000}) // progress
	if w.s.Room(w.now) == 0 {
		t.Fatal("[P6] no room after progress")
	}
	w.print(make([]byte, limits.RingBytes))
	w.now += limits.LosslessHold - 1
	if w.s.Tick(w.now); c.Closing() {
		t.Fatal("[P6] cut although there was progress")
	}
	w.now++
	if at, some := w.s.NextDeadline(); !some || at > w.now {
		t.Errorf("[P6] nothing is due at the end of the hold: %v", at)
	}
	w.s.Tick(w.now)
	w.wantError("P6", c, wire.CodeTooSlow)
	if w.s.Room(w.now) != limits.RingBytes || other.Closing() {
		t.Error("[P6] the shell does not go on, or another client was cut")
	}
}

func TestLosslessFollowsAcks(t *testing.T) {
	w := newWorld(t)
	c, _ := w.attach(lossless())
	w.print(make([]byte, 1000))
	w.bodies(c, 0)
	w.send(c, wire.Ack{OutOff: 600})
	w.print(make([]byte, 1000))
	w.bodies(c, 0)
	if room := w.s.Room(w.now); room != limits.RingBytes-1400 {
		t.Errorf("[H12] room %d: what was sent and not acknowledged may be overwritten", room)
	}
	w.send(c, wire.Ack{OutOff: 2000})
	if room := w.s.Room(w.now); room != limits.RingBytes {
		t.Errorf("[H12] room %d after everything is acknowledged", room)
	}
}

// A lossless client that lost its connection comes back to every byte; one that left does not hold the shell.
func TestLosslessOutlivesItsConnection(t *testing.T) {
	w := newWorld(t)
	c, a := w.attach(lossless())
	w.print([]byte("abc"))
	w.bodies(c, 0)
	w.send(c, wire.Ack{OutOff: 3})
	w.s.Close(w.now, c)
	w.print(make([]byte, 2*limits.RingBytes))
	_, b := w.attach(again(lossless(), a.ClientID, 3))
	if b.Resume != wire.ResumeDelta || b.From != 3 {
		t.Errorf("[H12] resumed with %+v", b)
	}
	for name, leave := range map[string]func(*Conn){
		"DETACH":        func(c *Conn) { w.send(c, wire.Detach{}) },
		"ten seconds":   func(c *Conn) { w.s.Close(w.now, c); w.s.Room(w.now); w.now += limits.LosslessHold; w.s.Tick(w.now) },
		"a new writer":  func(*Conn) { taken := control(); taken.Takeover = true; w.attach(taken) },
		"not any more":  func(*Conn) { w.attach(again(control(), b.ClientID, b.From)) },
		"a mere viewer": func(*Conn) { w.attach(again(view(), b.ClientID, b.From)) },
	} {
		asked := again(lossless(), b.ClientID, b.From)
		asked.Takeover = true
		c, b = w.attach(asked)
		w.print(make([]byte, 2*limits.RingBytes))
		if leave(c); w.s.Room(w.now) != limits.RingBytes {
			t.Errorf("[H12] the shell still waits after %s", name)
		}
		w.s.Close(w.now, c)
		head := w.s.out.Head()
		_, b = w.attach(again(control(), b.ClientID, head))
		b.From = head
	}
}

func TestIdle(t *testing.T) {
	w := newWorld(t)
	writer, attached := w.attach(control())
	viewer, _ := w.attach(view())
	if *attached.IdleTimeoutMs != uint64(idle.Milliseconds()) || *attached.IdleDeadlineMs != uint64(idle.Milliseconds()) {
		t.Errorf("[T1] ATTACHED says %+v", attached)
	}
	if at, _ := w.s.NextDeadline(); at != idle-time.Minute {
		t.Errorf("[T2] the warning is due at %v", at)
	}
	w.now = idle - time.Minute
	w.s.Tick(w.now)
	w.s.Tick(w.now + 1)
	for _, c := range []*Conn{writer, viewer} {
		bodies := w.bodies(c, 0)
		if e, ok := event(bodies, wire.EventIdleWarning); !ok || len(bodies) != 1 || *e.RemainingMs != 60_000 {
			t.Errorf("[T2] warned with %+v", bodies)
		}
	}
	w.send(writer, wire.KeepAlive{})
	for _, c := range []*Conn{writer, viewer} {
		if e, ok := event(w.bodies(c, 0), wire.EventIdleReset); !ok || *e.IdleDeadlineMs != uint64(idle.Milliseconds()) {
			t.Errorf("[T1] after KEEP_ALIVE: %+v", e)
		}
	}
	w.now += idle - 1
	if w.s.Tick(w.now).Idle {
		t.Error("[T3] ended too early")
	}
	w.now++
	if !w.s.Tick(w.now).Idle || w.s.Tick(w.now).Idle {
		t.Error("[T3] the end is not told exactly once")
	}
}

func TestShortIdleIsWarnedAtHalf(t *testing.T) {
	w := newUnclaimed(t)
	w.s.Claim(time.Second, 10*time.Second)
	if at, _ := w.s.NextDeadline(); at != 6*time.Second {
		t.Errorf("[T2] warned at %v", at)
	}
	w.s.Claim(2*time.Second, time.Hour)
	if w.s.idle.timeout != 10*time.Second {
		t.Error("[T1] a second claim changed the first")
	}
}

func TestWhatRestartsTheIdleClock(t *testing.T) {
	viewerAlive := func(w *world, _, viewer *Conn) { w.send(viewer, wire.KeepAlive{}) }
	for name, test := range map[string]struct {
		do       func(w *world, writer, viewer *Conn)
		restarts bool
	}{
		"input":                {func(w *world, c, _ *Conn) { w.send(c, wire.In{Lease: 1, Off: 1, Bytes: []byte("x")}) }, true},
		"keep-alive":           {func(w *world, c, _ *Conn) { w.send(c, wire.KeepAlive{}) }, true},
		"a viewer's":           {viewerAlive, false},
		"output":               {func(w *world, _, _ *Conn) { w.print([]byte("x")) }, false},
		"a resize":             {func(w *world, c, _ *Conn) { w.send(c, wire.Resize{Cols: 9, Rows: 9}) }, false},
		"an attach":            {func(w *world, _, _ *Conn) { w.attach(control()) }, false},
		"a ping":               {func(w *world, c, _ *Conn) { w.send(c, wire.Ping{}) }, false},
		"refused input":        {func(w *world, c, _ *Conn) { w.send(c, wire.In{Lease: 9, Off: 1, Bytes: []byte("x")}) }, false},
		"repeated input":       {func(w *world, c, _ *Conn) { w.send(c, wire.In{Lease: 1, Off: 0, Bytes: []byte("x")}) }, false},
		"empty input":          {func(w *world, c, _ *Conn) { w.send(c, wire.In{Lease: 1, Off: 1}) }, false},
		"the terminal's reply": {reply, false},
	} {
		w := newWorld(t)
		writer, _ := w.attach(control())
		viewer, _ := w.attach(view())
		w.send(writer, wire.In{Lease: 1, Off: 0, Bytes: []byte("x")})
		w.now = time.Minute
		before := w.s.idle.left(w.now)
		test.do(w, writer, viewer)
		if restarted := w.s.idle.left(w.now) > before; restarted != test.restarts {
			t.Errorf("[T1] %s restarts the clock: %v, want %v", name, restarted, test.restarts)
		}
	}
}

func reply(w *world, c, _ *Conn) {
	w.s.Handle(w.now, c, wire.Frame{Flags: wire.FlagReply, Body: wire.In{Lease: 1, Off: 1, Bytes: []byte("x")}})
	w.consume(10)
	if string(w.typed) != "xx" {
		w.t.Errorf("[T1] the reply did not reach the pty: %q", w.typed)
	}
}
