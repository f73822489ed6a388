package itest

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pocketconsole.dev/holder/internal/wire"
)

// numbered is what `seq 1 n` prints: a stream in which a missing or doubled byte shows.
func numbered(n int) []byte {
	var all bytes.Buffer
	for i := 1; i <= n; i++ {
		fmt.Fprintln(&all, i)
	}
	return all.Bytes()
}

// A lossless client whose exec is killed again and again in the middle of a flood reads every byte exactly once.
func TestResumeUnderFlood(t *testing.T) {
	t.Parallel()
	const last = 1_500_000
	p := start(t, bash(fmt.Sprintf(`stty raw -echo; echo ready; head -c 1; seq 1 %d; read -N 1 x`, last)))
	asked := control()
	asked.Lossless = true
	c := p.attach(asked)
	c.untilText("ready\n")
	begin := bytes.Index(c.output, []byte("ready\n")) + len("ready\n")
	c.typeText("g")
	want := append([]byte("g"), numbered(last)...)
	got := c.output[begin:]
	c.output = nil
	random := rand.New(rand.NewSource(1))
	for kills := 0; len(got) < len(want); {
		if len(c.output) > random.Intn(2<<20) && kills < 30 {
			kills++
			c.kill()
			was := c
			c = p.connect()
			c.greet()
			c.attach(again(asked, was))
			if c.attached.Resume != wire.ResumeDelta || c.attached.ClientID != was.attached.ClientID {
				t.Fatalf("[P3] resumed with %+v at %d", c.attached, was.next)
			}
			c.output = nil
		}
		before := len(c.output)
		c.read()
		got = append(got, c.output[before:]...)
	}
	if sha256.Sum256(got) != sha256.Sum256(want) {
		t.Errorf("[P1] %d bytes arrived, %d were printed, or they differ", len(got), len(want))
	}
}

// Whatever is cut where, the program reads what was typed, exactly once and in order.
func TestExactlyOnceOver200Cuts(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewSource(2))
	text := make([]byte, 400_000)
	random.Read(text)
	p := start(t, bash(fmt.Sprintf(`stty raw -echo; echo ready; head -c %d > "$HOME/typed"; echo all-typed; read -N 1 x`, len(text))))
	c := p.attach(control())
	c.untilText("ready")
	cuts := 200
	if raceDetector {
		cuts = 50 // an instrumented attach process takes half a second to start and end
	}
	for range cuts {
		// As much as the window allows; the last frame is cut somewhere, or is one that was sent before.
		for frames := random.Intn(8); frames > 0 && c.typed < uint64(len(text)); frames-- {
			room := min(uint64(len(text)), c.attached.InOff+64<<10) - c.typed
			c.typeBytes(text[c.typed:][:min(room, uint64(random.Intn(3000)))])
		}
		raw := wire.AppendPrefixed(nil, wire.Frame{Body: wire.In{
			Lease: c.attached.Lease, Off: c.typed, Bytes: text[c.typed:][:min(uint64(len(text))-c.typed, 100)],
		}})
		c.sendRaw(raw[:random.Intn(len(raw))])
		if random.Intn(2) == 0 {
			c.in.Close()
			c.gone()
		}
		c.kill()
		was := c
		c = p.connect()
		c.greet()
		c.attach(again(control(), was))
		if c.attached.ClientID != was.attached.ClientID || c.attached.Lease != was.attached.Lease {
			t.Fatalf("[O5] came back as %+v, was %+v", c.attached, was.attached)
		}
	}
	c.typeAll(text)
	c.untilText("all-typed")
	got, err := os.ReadFile(filepath.Join(p.home, "typed"))
	must(t, err)
	if !bytes.Equal(got, text) {
		t.Errorf("[I2] %d bytes were typed, %d arrived, or they differ", len(text), len(got))
	}
}

func (c *client) typeBytes(bytes []byte) {
	c.send(wire.In{Lease: c.attached.Lease, Off: c.typed, Bytes: bytes})
	c.typed += uint64(len(bytes))
}

// typeAll types the rest of the text within the window.
func (c *client) typeAll(text []byte) {
	c.t.Helper()
	for c.inAcked < uint64(len(text)) {
		if room := min(uint64(len(text)), c.inAcked+64<<10) - c.typed; room > 0 {
			c.typeBytes(text[c.typed:][:min(room, 32<<10)])
			continue
		}
		c.read()
	}
}

func TestResize(t *testing.T) {
	t.Parallel()
	p := start(t, bash(`trap 'echo "size: $(stty size)"' WINCH; echo "first: $(stty size)"; while :; do sleep 0.05; done`))
	asked := control()
	asked.Cols, asked.Rows = 101, 33
	c := p.attach(asked)
	c.untilText(": 33 101") // at its start or by the signal; from here on the program listens
	viewer := p.attach(view())
	if c.attached.Cols != 101 || viewer.attached.Rows != 33 {
		t.Errorf("[S1] ATTACHED says %+v and %+v", c.attached, viewer.attached)
	}
	viewer.send(wire.Resize{Cols: 7, Rows: 7})
	viewer.send(wire.Ping{})
	until(viewer, anyOf[wire.Pong])
	c.send(wire.Resize{Cols: 132, Rows: 5000})
	for _, each := range []*client{c, viewer} {
		resized := until(each, func(e wire.Event) bool { return e.Kind == wire.EventResized && *e.Cols == 132 })
		if *resized.Rows != 500 || *resized.Off != each.next {
			t.Errorf("[S2] resized %d rows at %d while output was at %d", *resized.Rows, *resized.Off, each.next)
		}
	}
	c.untilText("size: 500 132")
	if strings.Contains(string(c.output), "7 7") {
		t.Errorf("[S1] a viewer resized the pty: %q", c.output)
	}
}

// Of three clients one never reads: the others see everything at their own speed, and it learns what it missed.
func TestSlowReaderSlowsNobody(t *testing.T) {
	t.Parallel()
	const last = 1_000_000
	p := start(t, bash(fmt.Sprintf(`stty raw -echo; echo ready; head -c 1 >/dev/null; seq 1 %d; echo end-of-flood; read -N 1 x`, last)))
	slow := p.attach(view())
	asked := control()
	asked.Lossless = true
	c := p.attach(asked)
	c.untilText("ready\n")
	c.typeText("g")
	c.untilText("end-of-flood")
	if want := append([]byte("ready\n"), numbered(last)...); !bytes.HasPrefix(c.output, want) {
		t.Errorf("[P1] the fast reader got %d bytes of %d, or others", len(c.output), len(want))
	}
	gap := until(slow, func(wire.Out) bool { return len(slow.seen) > 2 })
	missed, ok := slow.seen[2].(wire.Gap)
	if !ok || missed.To <= missed.From || gap.Off != missed.To {
		t.Errorf("[P5] the slow reader was told %+v and went on at %d", slow.seen, gap.Off)
	}
	slow.untilText("end-of-flood")
	tail := slow.output[bytes.Index(slow.output, []byte("end-of-flood"))-500:][:500]
	if want := numbered(last); !bytes.HasSuffix(want, tail) {
		t.Errorf("[P5] after the gap the slow reader got %q", tail)
	}
}

// A lossless client that stops reading holds the shell for a while, and is cut then.
func TestLosslessIsCutWhenItStops(t *testing.T) {
	t.Parallel()
	p := start(t, bash(`stty raw -echo; echo ready; read -N 1 x; yes`))
	asked := control()
	asked.Lossless = true
	c := p.attach(asked)
	c.acks = false
	viewer := p.attach(view())
	c.typeText("g")
	p.await("the ring is full", func() bool { return p.status().OutHead == 1<<20 })
	if last, ok := c.drain().(wire.Error); !ok || last.Code != wire.CodeTooSlow {
		t.Errorf("[P6] the last word was %+v", last)
	}
	until(viewer, func(wire.Out) bool { return viewer.next > 2<<20 })
}

func TestManyClientsSeeTheSame(t *testing.T) {
	t.Parallel()
	p := start(t, bash(`echo one; read x; echo "got $x"; read y`))
	var clients []*client
	for range 16 {
		clients = append(clients, p.attach(view()))
	}
	extra := p.connect()
	extra.greet()
	extra.send(control())
	if last, ok := extra.drain().(wire.Error); !ok || last.Code != wire.CodeTooMany {
		t.Errorf("[O6] the seventeenth client's last word was %+v", last)
	}
	extra.gone()
	clients[0].send(wire.Detach{})
	clients[0].drain()
	clients[0].gone()
	writer := p.attach(control())
	writer.typeText("hello\n")
	for _, c := range append(clients[1:], writer) {
		c.untilText("got hello")
	}
}

func TestReplacedByItself(t *testing.T) {
	t.Parallel()
	p := start(t, bash(`echo ready; cat`))
	ghost := p.attach(control())
	ghost.untilText("ready")
	c := p.attach(again(control(), ghost))
	if last, ok := ghost.drain().(wire.Error); !ok || last.Code != wire.CodeReplaced {
		t.Errorf("[O7] the ghost's last word was %+v", last)
	}
	ghost.gone()
	c.typeText("still here\n")
	c.untilText("still here")
}

// A half-open connection whose pipe is full is replaced as well: its last word cannot be said, and nobody waits for that.
func TestReplacedWhileStuck(t *testing.T) {
	t.Parallel()
	p := start(t, bash(`stty raw -echo; yes`))
	ghost := p.attach(control())
	ghost.acks = false
	p.await("the ghost's pipe is full", func() bool { return p.status().OutHead > 4<<20 })
	c := p.attach(again(control(), ghost))
	if c.attached.ClientID != ghost.attached.ClientID || c.attached.Lease != ghost.attached.Lease {
		t.Errorf("[O7] came back as %+v", c.attached)
	}
	ghost.gone()
}

// A program that does not read its input blocks nobody, and gets all of it later.
func TestInputWaitsForItsProgram(t *testing.T) {
	t.Parallel()
	p := start(t, bash(`stty raw -echo; echo ready; while [ ! -e "$HOME/go" ]; do sleep 0.02; done; head -c 65536 | sha256sum; read -N 1 x`))
	c := p.attach(control())
	c.untilText("ready")
	text := bytes.Repeat([]byte("0123456789abcdef"), 4096)
	c.typeBytes(text[:32<<10])
	c.typeBytes(text[32<<10:])
	c.send(wire.Ping{Opaque: 5})
	until(c, anyOf[wire.Pong])
	must(t, os.WriteFile(filepath.Join(p.home, "go"), nil, 0o644))
	c.untilText(fmt.Sprintf("%x", sha256.Sum256(text)))
	for c.inAcked < uint64(len(text)) {
		c.read()
	}
}

// A program may let go of the terminal and come back to it; the session lives as long as the shell.
func TestTerminalWithoutUsers(t *testing.T) {
	t.Parallel()
	p := start(t, bash(`echo before; exec </dev/null >/dev/null 2>&1; sleep 0.3; echo after >/dev/tty; sleep 1000`))
	c := p.attach(view())
	c.untilText("after")
}

// What the shell leaves behind does not keep the session, nor is its output waited for.
func TestBackgroundProcessesEndWithTheShell(t *testing.T) {
	t.Parallel()
	p := start(t, bash(`(trap '' HUP; sleep 1000) & setsid sleep 1000 & echo ready; read x; exit 4`))
	c := p.attach(control())
	c.untilText("ready")
	c.typeText("\n")
	if exit, ok := c.drain().(wire.Exit); !ok || *exit.ExitCode != 4 {
		t.Errorf("[H34] the last word was %+v", exit)
	}
	p.end()
	p.await("the init leaves an empty container", func() bool {
		_, runs := childOf(p.init.Process.Pid)
		return !runs
	})
}

func TestHelloInTime(t *testing.T) {
	t.Parallel()
	p := start(t, bash(`echo ready; read x`))
	c := p.connect()
	c.sendRaw([]byte{0, 0}) // half a length
	if last, ok := c.drain().(wire.Error); !ok || last.Code != wire.CodeProtocol || !strings.Contains(last.Message, "HELLO") {
		t.Errorf("[O1] the last word was %+v", last)
	}
	c.gone()
	patient := p.connect()
	patient.greet()
	time.Sleep(10 * time.Millisecond)
	patient.attach(view())
}
