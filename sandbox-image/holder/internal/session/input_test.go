package session

import (
	"bytes"
	"math/rand"
	"testing"

	"pocketconsole.dev/holder/internal/limits"
	"pocketconsole.dev/holder/internal/wire"
)

func TestInputOffsets(t *testing.T) {
	w := newWorld(t)
	c, _ := w.attach(control())
	for _, in := range []wire.In{
		{Lease: 1, Off: 0, Bytes: []byte("abc")},
		{Lease: 1, Off: 1, Bytes: []byte("bc")},   // known
		{Lease: 1, Off: 1, Bytes: []byte("bcde")}, // half known
		{Lease: 1, Off: 5, Bytes: []byte("f")},
	} {
		w.send(c, in)
	}
	w.consume(4)
	if ack, ok := one[wire.InAck](w, c); !ok || ack.InOff != 4 {
		t.Errorf("[I2] IN_ACK %+v while four bytes are written", ack)
	}
	w.consume(100)
	if ack, ok := one[wire.InAck](w, c); string(w.typed) != "abcdef" || !ok || ack.InOff != 6 {
		t.Errorf("[I1] the pty got %q, IN_ACK %+v", w.typed, ack)
	}
	w.send(c, wire.In{Lease: 1, Off: 7, Bytes: []byte("x")})
	w.wantError("I1", c, wire.CodeProtocol)
}

func TestInputWindow(t *testing.T) {
	w := newWorld(t)
	c, _ := w.attach(control())
	chunk := make([]byte, limits.InBytesMax)
	w.send(c, wire.In{Lease: 1, Off: 0, Bytes: chunk})
	w.send(c, wire.In{Lease: 1, Off: uint64(len(chunk)), Bytes: chunk})
	if c.Closing() {
		t.Fatal("[I3] a full window was refused")
	}
	w.consume(1)
	w.send(c, wire.In{Lease: 1, Off: limits.InputWindowBytes, Bytes: []byte("x")})
	if c.Closing() {
		t.Fatal("[I3] a place that became free was not given")
	}
	w.send(c, wire.In{Lease: 1, Off: limits.InputWindowBytes + 1, Bytes: []byte("x")})
	w.wantError("I3", c, wire.CodeProtocol)
}

func TestRefusedInput(t *testing.T) {
	w := newWorld(t)
	first, a := w.attach(control())
	w.send(first, wire.In{Lease: 1, Off: 0, Bytes: []byte("abc")})
	asked := control()
	asked.Takeover = true
	second, _ := w.attach(asked)
	w.bodies(first, 0)

	// Under way when the lease changed: known bytes are no news, new ones and those behind them are refused.
	w.send(first, wire.In{Lease: 1, Off: 1, Bytes: []byte("bc")})
	w.send(first, wire.In{Lease: 1, Off: 2, Bytes: []byte("cd")})
	w.send(first, wire.In{Lease: 1, Off: 4, Bytes: []byte("e")})
	bodies := w.bodies(first, 0)
	if len(bodies) != 2 || *bodies[0].(wire.Event).From != 3 || *bodies[1].(wire.Event).From != 4 {
		t.Fatalf("[I5] refusals: %+v", bodies)
	}
	if e := bodies[0].(wire.Event); e.Kind != wire.EventInputRefused || *e.Lease != 1 {
		t.Errorf("[I5] the refusal names %+v", e)
	}
	w.send(second, wire.In{Lease: 2, Off: 0, Bytes: []byte("xyz")})
	w.consume(100)
	if string(w.typed) != "abcxyz" {
		t.Errorf("[I5] the pty got %q", w.typed)
	}

	// The former writer takes over again and may use the refused offsets for other bytes.
	asked = again(control(), a.ClientID, 0)
	asked.Takeover = true
	c, b := w.attach(asked)
	w.send(c, wire.In{Lease: b.Lease, Off: b.InOff, Bytes: []byte("!")})
	w.consume(100)
	if string(w.typed) != "abcxyz!" || b.InOff != 3 {
		t.Errorf("[I5] the pty got %q, inOff %d", w.typed, b.InOff)
	}
}

func TestInputOfTwoWritersKeepsItsOrder(t *testing.T) {
	w := newWorld(t)
	var ids [2]string
	want := ""
	for i := range 6 {
		asked := control()
		if ids[i%2] != "" {
			asked = again(asked, ids[i%2], 0)
		}
		asked.Takeover = true
		c, a := w.attach(asked)
		ids[i%2] = a.ClientID
		w.send(c, wire.In{Lease: a.Lease, Off: a.InOff, Bytes: []byte{byte('a' + i)}})
		want += string(rune('a' + i))
	}
	w.consume(100)
	if string(w.typed) != want {
		t.Errorf("[I1] the pty got %q, want %q", w.typed, want)
	}
}

func TestInputAfterTheEndIsNotAccepted(t *testing.T) {
	w := newWorld(t)
	c, _ := w.attach(control())
	w.send(c, wire.In{Lease: 1, Off: 0, Bytes: []byte("abc")})
	w.s.ShellExited()
	w.send(c, wire.In{Lease: 1, Off: 3, Bytes: []byte("def")})
	w.consume(100)
	if ack, acked := one[wire.InAck](w, c); len(w.typed) > 0 || acked || c.Closing() {
		t.Errorf("[I2] the pty got %q, IN_ACK %+v", w.typed, ack)
	}
}

// typist is a client that keeps to sections 3 and 5: it types a known text and remembers what it has read, over any
// number of connections that break at any time, with frames lost on the way in both directions.
type typist struct {
	w          *world
	random     *rand.Rand
	conn       *Conn
	asked      wire.Attach
	id         string
	lease      uint32
	text       []byte
	acked      uint64 // of text
	sent       uint64
	read       []byte // output, gaps left as zeroes
	losslessly bool
}

func (c *typist) connect() {
	asked := c.asked
	if c.id != "" {
		asked = again(c.asked, c.id, uint64(len(c.read)))
	}
	c.conn = c.w.open()
	c.w.send(c.conn, asked)
	bodies := c.w.bodies(c.conn, 1)
	attached, ok := bodies[0].(wire.Attached)
	if !ok || (c.id != "" && attached.ClientID != c.id) {
		c.w.t.Fatalf("[O5] ATTACH was answered with %+v", bodies[0])
	}
	c.id, c.lease = attached.ClientID, attached.Lease
	c.acked, c.sent = attached.InOff, attached.InOff
	c.skipTo(attached.From)
	c.hear(bodies[1:])
}

func (c *typist) skipTo(off uint64) {
	if c.losslessly && off > uint64(len(c.read)) {
		c.w.t.Fatalf("[H12] a lossless client lost %d to %d", len(c.read), off)
	}
	for uint64(len(c.read)) < off {
		c.read = append(c.read, 0)
	}
}

func (c *typist) type1() {
	n := min(uint64(c.random.Intn(300)), uint64(len(c.text))-c.sent, c.acked+limits.InputWindowBytes-c.sent)
	off := c.sent
	if c.random.Intn(10) == 0 { // sends again what may be known
		off -= min(off-c.acked, uint64(c.random.Intn(50)))
	}
	c.w.send(c.conn, wire.In{Lease: c.lease, Off: off, Bytes: c.text[off : c.sent+n]})
	c.sent += n
}

// listen takes one batch; sometimes the end of it is lost with the connection.
func (c *typist) listen(lose bool) {
	raw, _ := c.w.s.Next(c.w.now, c.conn, nil)
	if lose {
		raw = raw[:c.random.Intn(len(raw)+1)]
	}
	c.hear(c.w.decodeCut(raw))
	if !lose && c.losslessly {
		c.w.send(c.conn, wire.Ack{OutOff: uint64(len(c.read))})
	}
}

func (c *typist) hear(bodies []wire.Body) {
	for _, body := range bodies {
		switch body := body.(type) {
		case wire.Out:
			if body.Off != uint64(len(c.read)) {
				c.w.t.Fatalf("[P1] OUT at %d, expected %d", body.Off, len(c.read))
			}
			c.read = append(c.read, body.Bytes...)
		case wire.Gap:
			c.skipTo(body.To)
		case wire.InAck:
			c.acked = max(c.acked, body.InOff)
		case wire.Error:
			c.w.t.Fatalf("cut with %+v", body)
		}
	}
}

// decodeCut decodes the whole frames of a batch whose end is missing.
func (w *world) decodeCut(raw []byte) []wire.Body {
	whole := 0
	for whole+4 <= len(raw) {
		n := 4 + int(raw[whole])<<24 + int(raw[whole+1])<<16 + int(raw[whole+2])<<8 + int(raw[whole+3])
		if whole+n > len(raw) {
			break
		}
		whole += n
	}
	return w.decode(raw[:whole])
}

var noise = func() []byte {
	bytes := make([]byte, 100_000)
	rand.New(rand.NewSource(7)).Read(bytes)
	return bytes
}()

// Over any sequence of typing, reading, printing and breaking, the pty gets the text exactly once and in order, and the
// client reads exactly what was printed, but for gaps it was told of; a lossless one has none.
func TestExactlyOnceUnderRandomCuts(t *testing.T) {
	for seed := range int64(24) {
		random := rand.New(rand.NewSource(seed))
		w := newWorld(t)
		c := &typist{w: w, random: random, asked: control(), text: make([]byte, 5000), losslessly: seed%2 == 0}
		c.asked.Lossless = c.losslessly
		random.Read(c.text)
		c.connect()
		for cuts := 0; cuts < 100 || c.acked < uint64(len(c.text)); {
			switch random.Intn(8) {
			case 0, 1:
				c.type1()
			case 2, 3:
				w.consume(random.Intn(400))
			case 4:
				from := random.Intn(len(noise))
				w.print(noise[from:])
			case 5, 6:
				c.listen(false)
			default:
				cuts++
				c.listen(true)
				w.s.Close(w.now, c.conn)
				w.print(make([]byte, random.Intn(50_000)))
				c.connect()
			}
		}
		for c.conn.pos < w.s.out.Head() {
			c.listen(false)
		}
		w.consume(len(c.text))
		compare(t, seed, w, c)
	}
}

func compare(t *testing.T, seed int64, w *world, c *typist) {
	t.Helper()
	if !bytes.Equal(w.typed, c.text) {
		t.Fatalf("[I2] seed %d: the pty got %d bytes of %d, or others", seed, len(w.typed), len(c.text))
	}
	if len(c.read) != len(w.output) {
		t.Fatalf("[P1] seed %d: read to %d of %d", seed, len(c.read), len(w.output))
	}
	for i := range c.read {
		if c.read[i] != w.output[i] && c.read[i] != 0 {
			t.Fatalf("[P1] seed %d: byte %d differs", seed, i)
		}
	}
	if c.losslessly && !bytes.Equal(c.read, w.output) {
		t.Fatalf("[H12] seed %d: a lossless client read something else", seed)
	}
}
