package itest

import (
	"fmt"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"

	"pocketconsole.dev/holder/internal/tty"
	"pocketconsole.dev/holder/internal/wire"
)

// flood is a program that prints n bytes when it gets a key.
func flood(n int) string {
	return fmt.Sprintf(`stty raw -echo; echo ready; read -N 1 x; head -c %d /dev/zero; read -N 1 x`, n)
}

const floodBytes = 64 << 20

// BenchmarkThroughput is the way from a program through pty, ring and the attach process's stdout to a lossless client.
// Compare it with BenchmarkPty, the same program with nothing between.
func BenchmarkThroughput(b *testing.B) {
	b.SetBytes(floodBytes)
	for b.Loop() {
		b.StopTimer()
		p := start(b, bash(flood(floodBytes)))
		asked := control()
		asked.Lossless = true
		c := p.attach(asked)
		c.untilText("ready\n")
		begin := c.next
		b.StartTimer()
		c.typeText("g")
		for c.next < begin+floodBytes {
			c.read()
			c.output = c.output[:0]
		}
	}
}

// BenchmarkPty reads the flood straight from a pty, as a raw exec with a TTY does.
func BenchmarkPty(b *testing.B) {
	b.SetBytes(floodBytes)
	buf := make([]byte, 64<<10)
	for b.Loop() {
		b.StopTimer()
		master, slave, err := tty.Open()
		must(b, err)
		cmd := exec.Command("bash", "-c", flood(floodBytes))
		cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
		must(b, cmd.Start())
		_, err = master.Read(buf)
		must(b, err)
		b.StartTimer()
		_, err = master.Write([]byte("g"))
		must(b, err)
		for got := 0; got < floodBytes; {
			n, err := unix.Read(int(master.Fd()), buf)
			must(b, err)
			got += n
		}
		b.StopTimer()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		master.Close()
		slave.Close()
		b.StartTimer()
	}
}

// BenchmarkEcho is one key: to the program and back.
func BenchmarkEcho(b *testing.B) {
	p := start(b, bash(`stty raw -echo; echo ready; exec cat`))
	c := p.attach(control())
	c.untilText("ready")
	for b.Loop() {
		before := c.next
		c.typeText("x")
		for c.next == before {
			c.read()
		}
	}
}

// BenchmarkAttach is `holder attach` from its start to ATTACHED.
func BenchmarkAttach(b *testing.B) {
	p := start(b, bash(`echo ready; read x`))
	for b.Loop() {
		c := p.connect()
		c.send(hello)
		c.send(view())
		until(c, func(wire.Attached) bool { return true })
		b.StopTimer()
		c.kill()
		b.StartTimer()
	}
}
