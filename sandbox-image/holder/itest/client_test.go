package itest

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"pocketconsole.dev/holder/internal/wire"
)

// client is a gateway's end of one `holder attach`.
type client struct {
	t      testing.TB
	cmd    *exec.Cmd
	in     *os.File
	out    *os.File
	reader *bufio.Reader
	exited chan error

	attached wire.Attached
	output   []byte // from the offset it attached at
	next     uint64 // offset of the next OUT
	typed    uint64 // offset of the next IN
	inAcked  uint64 // input written to the pty
	acks     bool   // acknowledge output as it comes
	seen     []wire.Body
}

// connect runs `holder attach` without saying anything yet.
func (p *pod) connect() *client {
	p.t.Helper()
	stdin, in, err := os.Pipe()
	must(p.t, err)
	out, stdout, err := os.Pipe()
	must(p.t, err)
	cmd := p.role("attach")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, stdout, p.log
	must(p.t, cmd.Start())
	stdin.Close()
	stdout.Close()
	c := &client{
		t: p.t, cmd: cmd, in: in, out: out, reader: bufio.NewReaderSize(out, 64<<10), exited: make(chan error, 1), acks: true,
	}
	go func() { c.exited <- cmd.Wait() }()
	p.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		in.Close()
		out.Close()
	})
	return c
}

var hello = wire.Hello{Versions: [2]uint16{1, 1}, Client: wire.Agent{Name: "itest", Version: "1"}}

func control() wire.Attach { return wire.Attach{Cols: 80, Rows: 24, Mode: wire.ModeControl} }
func view() wire.Attach    { return wire.Attach{Cols: 80, Rows: 24, Mode: wire.ModeView} }

func again(asked wire.Attach, was *client) wire.Attach {
	off := was.next
	asked.ClientID, asked.Epoch, asked.OutOff = &was.attached.ClientID, &was.attached.Epoch, &off
	return asked
}

// attach connects, greets and attaches.
func (p *pod) attach(asked wire.Attach) *client {
	p.t.Helper()
	c := p.connect()
	c.greet()
	c.attach(asked)
	return c
}

func (c *client) greet() {
	c.t.Helper()
	c.send(hello)
	if welcome, ok := c.read().(wire.Welcome); !ok || welcome.Version != 1 {
		c.t.Fatalf("[O2] no WELCOME but %+v", welcome)
	}
}

func (c *client) attach(asked wire.Attach) {
	c.t.Helper()
	c.send(asked)
	attached, ok := c.read().(wire.Attached)
	if !ok {
		c.t.Fatalf("ATTACH was answered with %+v", c.seen)
	}
	c.attached, c.next, c.typed, c.inAcked = attached, attached.From, attached.InOff, attached.InOff
}

// send sends a frame; a holder that has closed is seen when reading.
func (c *client) send(body wire.Body) { c.sendRaw(wire.AppendPrefixed(nil, wire.Frame{Body: body})) }

func (c *client) sendRaw(raw []byte) { _, _ = c.in.Write(raw) }

// typeText types with the lease of the attachment.
func (c *client) typeText(text string) {
	c.send(wire.In{Lease: c.attached.Lease, Off: c.typed, Bytes: []byte(text)})
	c.typed += uint64(len(text))
}

// receive reads one frame; io.EOF is the end of the attachment.
func (c *client) receive() (wire.Body, error) {
	_ = c.out.SetReadDeadline(time.Now().Add(patience))
	raw, err := wire.ReadPrefixed(c.reader, nil)
	if err != nil {
		return nil, err
	}
	frame, err := wire.Decode(raw)
	if err != nil {
		return nil, err
	}
	if err := c.note(frame.Body); err != nil {
		return nil, err
	}
	return frame.Body, nil
}

// note keeps the books on output.
func (c *client) note(body wire.Body) error {
	switch body := body.(type) {
	case wire.Out:
		if body.Off != c.next {
			return errors.New("[P1] OUT is out of order")
		}
		c.output = append(c.output, body.Bytes...)
		c.next += uint64(len(body.Bytes))
		if c.acks {
			c.send(wire.Ack{OutOff: c.next})
		}
	case wire.InAck:
		c.inAcked = body.InOff
	case wire.Gap:
		c.next = body.To
		c.seen = append(c.seen, body)
	default:
		c.seen = append(c.seen, body)
	}
	return nil
}

func (c *client) read() wire.Body {
	c.t.Helper()
	body, err := c.receive()
	if err != nil {
		c.t.Fatalf("no frame came: %v; before: %+v; output: %.500q", err, c.seen, c.output)
	}
	return body
}

// until reads until a body satisfies met.
func until[B wire.Body](c *client, met func(B) bool) B {
	c.t.Helper()
	for {
		if body, ok := c.read().(B); ok && met(body) {
			return body
		}
	}
}

func anyOf[B wire.Body](B) bool { return true }

// untilText reads until the output contains the text.
func (c *client) untilText(text string) {
	c.t.Helper()
	for !bytes.Contains(c.output, []byte(text)) {
		c.read()
	}
}

// lines gives the output's lines.
func (c *client) lines() []string {
	return strings.Split(strings.ReplaceAll(string(c.output), "\r", ""), "\n")
}

// lineAfter reads until a line begins with the mark and has an end, and gives what follows the mark.
func (c *client) lineAfter(mark string) string {
	c.t.Helper()
	for {
		for _, line := range c.lines()[:max(0, len(c.lines())-1)] {
			if rest, found := strings.CutPrefix(line, mark); found {
				return rest
			}
		}
		c.read()
	}
}

// drain reads until the attachment ends and gives its last body.
func (c *client) drain() wire.Body {
	c.t.Helper()
	var last wire.Body
	for {
		body, err := c.receive()
		if err == io.EOF {
			return last
		}
		if err != nil {
			c.t.Fatalf("the attachment did not end well: %v; before: %+v", err, c.seen)
		}
		last = body
	}
}

// gone waits for the attach process to exit by itself.
func (c *client) gone() {
	c.t.Helper()
	select {
	case err := <-c.exited:
		c.exited <- err
		if err != nil {
			c.t.Errorf("[H13] attach ended with %v", err)
		}
	case <-time.After(patience):
		c.t.Errorf("[H13] attach does not end")
	}
}

// kill ends the attach process the hard way, as a dropped exec does.
func (c *client) kill() {
	_ = c.cmd.Process.Kill()
	<-c.exited
	c.in.Close()
	c.out.Close()
}
