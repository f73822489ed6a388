package session

import (
	"fmt"
	"testing"
	"time"

	"pocketconsole.dev/holder/internal/limits"
	"pocketconsole.dev/holder/internal/wire"
)

func TestFirstFrameIsHello(t *testing.T) {
	w := newWorld(t)
	for _, body := range []wire.Body{control(), wire.In{}, wire.KeepAlive{}, wire.Detach{}, wire.Ping{}} {
		c := w.s.Open()
		w.send(c, body)
		w.wantError("O1", c, wire.CodeProtocol)
	}
	c := w.open()
	w.send(c, wire.Hello{Versions: [2]uint16{1, 1}})
	w.wantError("O1", c, wire.CodeProtocol)
}

func TestVersions(t *testing.T) {
	w := newWorld(t)
	for versions, ok := range map[[2]uint16]bool{{1, 1}: true, {1, 9}: true, {2, 9}: false} {
		c := w.s.Open()
		w.send(c, wire.Hello{Versions: versions})
		if ok {
			if welcome, said := one[wire.Welcome](w, c); !said || welcome.Version != 1 {
				t.Errorf("[O2] %v: %+v", versions, welcome)
			}
			continue
		}
		w.wantError("O2", c, wire.CodeVersion)
	}
}

func TestFramesNeedAnAttachment(t *testing.T) {
	w := newWorld(t)
	for _, body := range []wire.Body{wire.In{}, wire.Ack{}, wire.Resize{}, wire.KeepAlive{}} {
		c := w.open()
		w.send(c, body)
		w.wantError("F7", c, wire.CodeProtocol)
	}
	c := w.open()
	w.s.Handle(w.now, c, wire.Frame{Stream: 1, Body: control()})
	w.wantError("F7", c, wire.CodeProtocol)
	c, _ = w.attach(control())
	w.send(c, control())
	w.wantError("F7", c, wire.CodeProtocol)
}

func TestUnclaimedAndWaiting(t *testing.T) {
	w := newUnclaimed(t)
	c := w.open()
	w.send(c, control())
	w.wantError("O8", c, wire.CodeUnclaimed)

	w.s.Claim(w.now, idle)
	waits := w.open()
	asked := control()
	asked.Cols = 132
	w.send(waits, asked)
	w.send(waits, wire.Ping{Opaque: 7})
	if bodies := w.bodies(waits, 0); len(bodies) != 1 || bodies[0] != (wire.Pong{Opaque: 7}) {
		t.Errorf("[O8] before the shell runs: %+v", bodies)
	}
	if size := w.s.ShellRuns(w.now); size == nil || size.Cols != 132 {
		t.Errorf("[S1] the waiting writer's size: %+v", size)
	}
	if attached, ok := one[wire.Attached](w, waits); !ok || attached.Lease != 1 || attached.Cols != 132 {
		t.Errorf("[O8] after the shell runs: %+v", attached)
	}
}

func TestDetachBeforeAttached(t *testing.T) {
	w := newUnclaimed(t)
	w.s.Claim(w.now, idle)
	greeted, waiting := w.open(), w.open()
	w.send(waiting, control())
	for name, c := range map[string]*Conn{"greeted": greeted, "waiting": waiting} {
		w.send(c, wire.Detach{})
		if bodies := w.bodies(c, 0); !c.Closing() || len(bodies) > 0 {
			t.Errorf("[O2] DETACH while %s: closing %v, said %+v", name, c.Closing(), bodies)
		}
	}
	if w.s.ShellRuns(w.now); len(w.s.clients) > 0 {
		t.Error("[O2] a client that left before it was answered was attached")
	}
}

func TestTicketIsUsedOnce(t *testing.T) {
	w := newWorld(t)
	asked := view()
	jti := "ticket"
	asked.JTI = &jti
	first, _ := w.attach(asked)
	w.s.Close(w.now, first)
	w.now += limits.TicketTTL - 1
	second := w.open()
	w.send(second, asked)
	w.wantError("O4", second, wire.CodeTicketUsed)
	w.now += 1
	w.attach(asked)
}

func TestTicketMemoryIsBoundedAndNeverForgetsAValidOne(t *testing.T) {
	var m ticketMemory
	for i := range limits.TicketIDsMax {
		if !m.use(fmt.Sprint(i), time.Duration(i)) {
			t.Fatalf("[O4] ticket %d was refused", i)
		}
	}
	if m.use("one more", limits.TicketTTL-1) || m.use("0", limits.TicketTTL-1) {
		t.Error("[O4] a full memory let a ticket pass")
	}
	if !m.use("one more", limits.TicketTTL) || len(m.used) != limits.TicketIDsMax {
		t.Error("[O4] an expired place was not used again")
	}
}

func TestClientIDs(t *testing.T) {
	w := newWorld(t)
	c, attached := w.attach(control())
	w.s.Close(w.now, c)

	w.now += limits.ClientTTL - 1
	c, same := w.attach(again(control(), attached.ClientID, 0))
	if same.ClientID != attached.ClientID {
		t.Errorf("[O5] known id %s became %s", attached.ClientID, same.ClientID)
	}
	w.s.Close(w.now, c)
	w.now += limits.ClientTTL
	if _, other := w.attach(again(control(), attached.ClientID, 0)); other.ClientID == attached.ClientID {
		t.Errorf("[O6] an id lived on after its time")
	}

	otherEpoch := "fedcba9876543210"
	asked := again(view(), "client-2", 0)
	asked.Epoch = &otherEpoch
	if _, other := w.attach(asked); other.ClientID == "client-2" || other.Resume != wire.ResumeGap {
		t.Errorf("[O5] an id of another epoch was accepted: %+v", other)
	}
}

func TestClientIDBelongsToItsOwner(t *testing.T) {
	w := newWorld(t)
	mine, theirs := "octocat", "hubot"
	asked := control()
	asked.Owner = &mine
	_, attached := w.attach(asked)
	stolen := again(control(), attached.ClientID, 0)
	stolen.Owner = &theirs
	if _, other := w.attach(stolen); other.ClientID == attached.ClientID || other.Lease != 0 {
		t.Errorf("[H14] another owner took over client %s", attached.ClientID)
	}
}

func TestClientKey(t *testing.T) {
	w := newWorld(t)
	mine, theirs, word, other := "octocat", "mallory", "word", "other"
	asked := control()
	asked.Owner, asked.ClientKey = &mine, &word
	lost, first := w.attach(asked)
	// ATTACHED never arrived: the same client asks again, and knows nothing but its word.
	_, again := w.attach(asked)
	if again.ClientID != first.ClientID || again.Lease != first.Lease || again.Lease == 0 {
		t.Errorf("[O9] a client whose ATTACHED was lost: %+v after %+v", again, first)
	}
	w.wantError("O7", lost, wire.CodeReplaced)

	stolen := asked
	stolen.Owner = &theirs
	if _, answer := w.attach(stolen); answer.ClientID == first.ClientID {
		t.Error("[O9] another owner's word named a client")
	}
	asked.ClientKey = &other
	if _, answer := w.attach(asked); answer.ClientID == first.ClientID || answer.Lease != 0 {
		t.Errorf("[O9] another word: %+v", answer)
	}
	gone := "forgotten"
	asked.ClientID, asked.ClientKey = &gone, &word
	if _, answer := w.attach(asked); answer.ClientID != first.ClientID {
		t.Errorf("[O9] an id that is not known, with a word that is: %+v", answer)
	}
}

func TestTooManyClients(t *testing.T) {
	w := newWorld(t)
	var conns []*Conn
	var last wire.Attached
	for range limits.ClientsMax {
		var c *Conn
		c, last = w.attach(view())
		conns = append(conns, c)
	}
	extra := w.open()
	w.send(extra, view())
	w.wantError("O6", extra, wire.CodeTooMany)

	w.attach(again(view(), last.ClientID, 0)) // replaces itself: not one more
	w.s.Close(w.now, conns[0])
	w.now++
	w.s.Close(w.now, conns[1])
	w.attach(view())
	if len(w.s.clients) != limits.ClientsMax || w.s.clients["client-1"] != nil || w.s.clients["client-2"] == nil {
		t.Errorf("[O6] the client that was away longest was not the one forgotten: %d known", len(w.s.clients))
	}
}

func TestReplaced(t *testing.T) {
	w := newWorld(t)
	ghost, attached := w.attach(control())
	w.send(ghost, wire.In{Lease: 1, Off: 0, Bytes: []byte("abc")})
	_, same := w.attach(again(control(), attached.ClientID, 0))
	if same.ClientID != attached.ClientID || same.Lease != attached.Lease || same.InOff != 3 {
		t.Errorf("[O7] the new connection is not the same client: %+v", same)
	}
	w.send(ghost, wire.In{Lease: 1, Off: 3, Bytes: []byte("def")})
	w.wantError("O7", ghost, wire.CodeReplaced)
	w.consume(100)
	if string(w.typed) != "abc" {
		t.Errorf("[O7] the ghost still types: %q", w.typed)
	}
}

func TestResume(t *testing.T) {
	for name, test := range map[string]struct {
		printed    int
		outOff     int // -1: absent
		epoch      string
		wantFrom   int
		wantResume string
	}{
		"[P4] nothing printed, no offset":   {0, -1, "", 0, wire.ResumeDelta},
		"[P4] all still there, no offset":   {100, -1, "", 0, wire.ResumeDelta},
		"[P4] ring gone round, no offset":   {limits.RingBytes + 5, -1, "", 5, wire.ResumeGap},
		"[P3] offset in the ring":           {100, 40, "0123456789abcdef", 40, wire.ResumeDelta},
		"[P3] offset at the head":           {100, 100, "0123456789abcdef", 100, wire.ResumeDelta},
		"[P3] offset at the oldest byte":    {limits.RingBytes + 5, 5, "0123456789abcdef", 5, wire.ResumeDelta},
		"[P4] offset has left the ring":     {limits.RingBytes + 5, 4, "0123456789abcdef", 5, wire.ResumeGap},
		"[P4] another epoch":                {100, 40, "another", 0, wire.ResumeGap},
		"[P4] an offset without an epoch":   {100, 40, "", 0, wire.ResumeGap},
		"[P4] another epoch, without bytes": {100, -1, "another", 0, wire.ResumeGap},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.print(make([]byte, test.printed))
			asked := view()
			if test.outOff >= 0 {
				off := uint64(test.outOff)
				asked.OutOff = &off
			}
			if test.epoch != "" {
				asked.Epoch = &test.epoch
			}
			_, got := w.attach(asked)
			if got.From != uint64(test.wantFrom) || got.Resume != test.wantResume || got.Head != uint64(test.printed) {
				t.Errorf("got %+v", got)
			}
		})
	}
	w := newWorld(t)
	w.print([]byte("abc"))
	c := w.open()
	w.send(c, again(view(), "x", 4))
	w.wantError("P3", c, wire.CodeProtocol)
}

func TestWriterLease(t *testing.T) {
	w := newWorld(t)
	first, a := w.attach(control())
	second, b := w.attach(control())
	if a.Lease != 1 || b.Lease != 0 {
		t.Fatalf("[L1] leases %d and %d", a.Lease, b.Lease)
	}
	asked := again(control(), b.ClientID, 0)
	asked.Takeover = true
	second, b = w.attach(asked)
	if b.Lease != 2 {
		t.Errorf("[L1] a take-over got lease %d", b.Lease)
	}
	lost, ok := event(w.bodies(first, 0), wire.EventLease)
	if !ok || *lost.Lease != 0 || *lost.By != "test" {
		t.Errorf("[L2] the loser was told %+v", lost)
	}
	w.s.Close(w.now, second)
	if w.s.lease.owner == nil || w.s.lease.owner.id != b.ClientID {
		t.Errorf("[L3] the lease left with its client's connection")
	}
	if _, b = w.attach(again(control(), b.ClientID, 0)); b.Lease != 2 {
		t.Errorf("[L1] the last writer came back with lease %d, want its own 2", b.Lease)
	}
}

func TestLeaseOfADetachedClientMayBeTaken(t *testing.T) {
	w := newWorld(t)
	first, a := w.attach(control())
	w.s.Close(w.now, first)
	if _, b := w.attach(control()); b.Lease != 2 {
		t.Errorf("[L1] nobody attached has it, yet the lease is %d", b.Lease)
	}
	if _, a = w.attach(again(control(), a.ClientID, 0)); a.Lease != 0 {
		t.Errorf("[L1] a former writer took the lease back without takeover: %d", a.Lease)
	}
}

func TestComingBackFirstDoesNotGiveTheLease(t *testing.T) {
	w := newWorld(t)
	writer, a := w.attach(control())
	other, b := w.attach(control())
	w.s.Close(w.now, writer)
	w.s.Close(w.now, other)
	if _, b = w.attach(again(control(), b.ClientID, 0)); b.Lease != 0 {
		t.Errorf("[L1] who came back first got lease %d, though its owner may follow", b.Lease)
	}
	if _, a = w.attach(again(control(), a.ClientID, 0)); a.Lease != 1 {
		t.Errorf("[L1] the owner came back with lease %d, want its own 1", a.Lease)
	}
}

func TestTheLeaseDoesNotWaitForEver(t *testing.T) {
	w := newWorld(t)
	writer, _ := w.attach(control())
	other, b := w.attach(control())
	w.s.Close(w.now, writer)
	w.s.Close(w.now, other)
	w.now += limits.LeaseGrace
	if _, b = w.attach(again(control(), b.ClientID, 0)); b.Lease != 2 {
		t.Errorf("[L1] the owner stayed away, yet the lease is %d", b.Lease)
	}
}

func TestViewersNeverWrite(t *testing.T) {
	w := newWorld(t)
	asked := view()
	asked.Takeover = true
	c, a := w.attach(asked)
	if a.Lease != 0 {
		t.Fatalf("[L1] a viewer got lease %d", a.Lease)
	}
	w.send(c, wire.In{Lease: 0, Off: 0, Bytes: []byte("x")})
	if refused, ok := event(w.bodies(c, 0), wire.EventInputRefused); !ok || *refused.From != 0 {
		t.Errorf("[I5] a viewer's input: %+v", refused)
	}
	if size := w.send(c, wire.Resize{Cols: 10, Rows: 10}); size != nil {
		t.Errorf("[S1] a viewer resized to %+v", size)
	}
}
