package itest

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"pocketconsole.dev/holder/internal/messages"
	"pocketconsole.dev/holder/internal/sock"
	"pocketconsole.dev/holder/internal/wire"
)

func TestAttachSocketIsTheHoldersOwn(t *testing.T) {
	t.Parallel()
	p := start(t, bash(`echo ready; read x`))
	path := messages.AttachSocket(p.dir + "/run")

	asShell := p.role("status")
	asShell.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(p.shellUID), Gid: uint32(p.shellUID)}
	if out, err := asShell.CombinedOutput(); err == nil || !strings.Contains(string(out), "permission denied") {
		t.Errorf("[H10] the shell's uid was answered: %v: %s", err, out)
	}
	must(t, os.Chmod(path, 0o666))
	asShell = p.role("status")
	asShell.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(p.shellUID), Gid: uint32(p.shellUID)}
	if out, err := asShell.Output(); err == nil {
		t.Errorf("[H10] the shell's uid was answered once it could connect: %s", out)
	}
	asRoot := p.role("status")
	asRoot.SysProcAttr.Credential = nil
	if out, err := asRoot.Output(); err == nil {
		t.Errorf("[H10] even root is another uid, and was answered: %s", out)
	}
	if p.status().Shell != "running" {
		t.Error("[H10] the holder's own uid is not answered any more")
	}
	if _, err := os.Stat(messages.InitSocket(p.dir + "/run")); !os.IsNotExist(err) {
		t.Errorf("[H11] the init's socket is still there: %v", err)
	}
}

func TestPeersAreBounded(t *testing.T) {
	t.Parallel()
	p := start(t, bash(`echo ready; read x`))
	var waiting []*client
	for range 20 {
		c := p.connect()
		c.greet()
		waiting = append(waiting, c)
	}
	refused := p.role("attach")
	if out, err := refused.CombinedOutput(); err == nil || !strings.Contains(string(out), "too many attach processes") {
		t.Errorf("[H10] one attach process too many: %v: %s", err, out)
	}
	if p.status().Shell != "running" {
		t.Error("[H10] status is not answered while all attach places are taken")
	}
	waiting[0].kill()
	p.await("a place becomes free", func() bool {
		c := p.connect()
		c.send(hello)
		_, err := c.receive()
		return err == nil
	})
}

// What is not an attach process says something else than expected on the attach socket.
func TestHostileCalls(t *testing.T) {
	t.Parallel()
	p := start(t, bash(`echo ready; read x`))
	for name, call := range map[string]any{
		"another kind":        map[string]string{"kind": "shutdown"},
		"no descriptors":      messages.ToHolder{Kind: messages.CallAttach},
		"not an object":       "attach",
		"a very long message": map[string]string{"kind": strings.Repeat("x", 4000)},
	} {
		text, err := json.Marshal(call)
		must(t, err)
		conn := dialAs(t, holderUID, messages.AttachSocket(p.dir+"/run"))
		must(t, conn.Send(json.RawMessage(text)))
		_ = conn.SetReadDeadline(time.Now().Add(patience))
		var answer messages.FromHolder
		if _, err := conn.Receive(&answer, 0); !errors.Is(err, io.EOF) && answer.Kind != messages.AnswerRefused {
			t.Errorf("[H10] %s: %+v (%v)", name, answer, err)
		}
		conn.Close()
	}
	if p.status().Shell != "running" {
		t.Error("[H10] the holder does not answer any more")
	}
}

// dialAs connects with another uid; the kernel remembers whose thread it was.
func dialAs(t *testing.T, uid int, path string) *sock.Conn {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	as := func(uid int) {
		if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, ^uintptr(0), uintptr(uid), ^uintptr(0)); errno != 0 {
			t.Fatal(errno)
		}
	}
	as(uid)
	conn, err := sock.Dial(path)
	as(0)
	must(t, err)
	return conn
}

func TestHostileFrames(t *testing.T) {
	t.Parallel()
	p := start(t, bash(`echo ready; read x`))
	witness := p.attach(control())
	for name, raw := range map[string][]byte{
		"100 MB announced": {6, 0, 0, 0},
		"no header":        {0, 0, 0, 1, 1},
		"unknown type":     {0, 0, 0, 4, 0x33, 0, 0, 0},
		"an OUT":           {0, 0, 0, 12, 0x43, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
		"bad JSON":         {0, 0, 0, 6, 2, 0, 0, 0, '{', '{'},
		"a huge offset":    {0, 0, 0, 12, 4, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		"not attached":     {0, 0, 0, 4, 6, 0, 0, 0},
	} {
		c := p.connect()
		c.greet()
		c.sendRaw(raw)
		if last, ok := c.drain().(wire.Error); !ok || last.Code != wire.CodeProtocol {
			t.Errorf("[F8] %s: the last word was %+v", name, last)
		}
		c.gone()
	}
	cut := p.connect()
	cut.greet()
	cut.sendRaw([]byte{0, 0, 0, 99, 3, 0})
	cut.in.Close()
	cut.drain()
	cut.gone()
	witness.untilText("ready")
	if s := p.status(); s.Clients != 1 {
		t.Errorf("[F8] %d clients are left", s.Clients)
	}
}

// Only a hello with a pty is an init.
func TestFalseInit(t *testing.T) {
	t.Parallel()
	null, err := os.OpenFile("/dev/null", os.O_RDWR, 0)
	must(t, err)
	defer null.Close()
	for name, say := range map[string]func(*sock.Conn) error{
		"not a pty":      func(c *sock.Conn) error { return c.Send(messages.FromInit{Kind: messages.InitHello}, int(null.Fd())) },
		"no descriptor":  func(c *sock.Conn) error { return c.Send(messages.FromInit{Kind: messages.InitHello}) },
		"another kind":   func(c *sock.Conn) error { return c.Send(messages.FromInit{Kind: messages.InitExit}, int(null.Fd())) },
		"two of them":    func(c *sock.Conn) error { return c.Send(messages.FromInit{Kind: messages.InitHello}, 0, 1) },
		"nothing at all": func(c *sock.Conn) error { return c.Close() },
	} {
		p := start(t, options{withoutInit: true})
		conn, err := sock.Dial(messages.InitSocket(p.dir + "/run"))
		must(t, err)
		must(t, say(conn))
		p.await("the holder gives up", p.hasEnded)
		if !strings.Contains(p.log.String(), "init is not understood") || p.holder.ProcessState.ExitCode() != 1 {
			t.Errorf("[H11] %s: %v, %s", name, p.holder.ProcessState, p.log)
		}
		conn.Close()
	}
}
