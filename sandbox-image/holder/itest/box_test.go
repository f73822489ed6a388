package itest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"pocketconsole.dev/holder/internal/messages"
	"pocketconsole.dev/holder/internal/sock"
	"pocketconsole.dev/holder/internal/wire"
)

func TestWhereTheShellRuns(t *testing.T) {
	t.Parallel()
	o := bash(`echo "dir:$PWD"; echo "tty:$(tty)"; echo "cpc:$(env | grep -c ^CPC_)"; echo "term:$TERM"; echo "mine:$MINE"
		read -r pid comm state ppid group session terminal foreground rest < /proc/$$/stat
		echo "leader:$((pid == session && pid == group)) $((terminal != 0)) $((foreground == pid))"
		echo "limits:$(ulimit -u) $(ulimit -Hu) $(ulimit -f) $(ulimit -Hf) $(ulimit -c) $(ulimit -Hc)"
		read x`)
	o.pids = 77
	o.environment = []string{"CPC_SECRET=1", "MINE=yes"}
	p := start(t, o)
	c := p.attach(control())
	for mark, want := range map[string]string{
		"dir:": p.home, "cpc:": "0", "term:": "xterm-256color", "mine:": "yes", "leader:": "1 1 1",
		"limits:": "77 77 102400 102400 0 0",
	} {
		if got := c.lineAfter(mark); got != want {
			t.Errorf("[H31] %s %q, want %q", mark, got, want)
		}
	}
	if got := c.lineAfter("tty:"); !strings.HasPrefix(got, "/dev/pts/") {
		t.Errorf("[H31] the terminal is %q", got)
	}
}

// The command inherits nothing but its terminal: no signal is blocked or ignored, no descriptor is open.
func TestNothingIsInherited(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		command []string
		wants   []string
	}{
		{[]string{"grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"}, []string{"SigBlk:\t0000000000000000", "SigIgn:\t0000000000000000"}},
		{[]string{"ls", "-1", "/proc/self/fd"}, []string{"0\r\n1\r\n2\r\n3\r\n"}}, // 3 is the folder that ls reads
	} {
		p := start(t, options{command: test.command, withoutInit: true})
		c := p.connect()
		c.greet()
		c.send(control())
		p.startInit()
		c.drain()
		for _, want := range test.wants {
			if !strings.Contains(string(c.output), want) || len(c.output) > 100 {
				t.Errorf("[H31] %q printed %q, want %q", test.command, c.output, want)
			}
		}
	}
}

// The process limit stops the shell's children, not PID 1, and everything goes on afterwards.
func TestProcessLimit(t *testing.T) {
	t.Parallel()
	// In Python, since bash tries for a long time when it cannot fork.
	o := options{pids: 60, command: []string{"/usr/bin/python3", "-c", `
import os, signal
started = []
try:
    while len(started) < 300:
        pid = os.fork()
        if pid == 0:
            signal.pause()
        started.append(pid)
except OSError as refused:
    print("refused:%d" % refused.errno, flush=True)
print("started:%d" % len(started), flush=True)
input()
for pid in started: os.kill(pid, signal.SIGKILL)
for pid in started: os.waitpid(pid, 0)
os.execvp("bash", ["bash", "-c", "echo alive; read x; exit 9"])
`}}
	p := start(t, o)
	c := p.attach(control())
	if got := c.lineAfter("refused:"); got != strconv.Itoa(int(unix.EAGAIN)) {
		t.Errorf("[H32] refused with %s", got)
	}
	started, err := strconv.Atoi(c.lineAfter("started:"))
	if err != nil || started < o.pids-8 || started > o.pids {
		t.Errorf("[H32] %d processes under a limit of %d", started, o.pids)
	}
	c.send(wire.Resize{Cols: 90, Rows: 30}) // the init and the holder are alive meanwhile
	until(c, func(e wire.Event) bool { return e.Kind == wire.EventResized })
	c.typeText("\n")
	c.untilText("alive")
	c.typeText("\n")
	if exit, ok := c.drain().(wire.Exit); !ok || *exit.ExitCode != 9 {
		t.Errorf("[H32] the last word was %+v", exit)
	}
}

func TestZombiesAreReaped(t *testing.T) {
	t.Parallel()
	p := start(t, bash(`for i in $(seq 500); do /bin/true & done; wait
		for i in $(seq 200); do (sleep 0.01 & ) ; done; (setsid bash -c 'sleep 0.05 & sleep 0.1 &' & ); echo "done:"; read x`))
	c := p.attach(control())
	c.lineAfter("done:")
	init := p.initPID()
	p.await("[H34] only the shell is left", func() bool { return len(childrenOf(t, init)) == 1 })
}

// childrenOf gives the states of a process's children.
func childrenOf(t *testing.T, parent int) []string {
	t.Helper()
	var states []string
	folders, err := os.ReadDir("/proc")
	must(t, err)
	for _, folder := range folders {
		stat, err := os.ReadFile("/proc/" + folder.Name() + "/stat")
		if err != nil {
			continue
		}
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		if len(fields) > 1 && fields[1] == strconv.Itoa(parent) {
			states = append(states, fields[0])
		}
	}
	return states
}

// Nothing the user sends ends PID 1, nor does it tell anything.
func TestInitIsOutOfReach(t *testing.T) {
	t.Parallel()
	p := start(t, bash(`for s in $(seq 1 64); do case $s in 9|19|32|33) ;; *) kill -$s 1 2>/dev/null;; esac; done; kill -9 1; kill -19 1
		for f in environ maps mem fd root cwd exe; do if { cat /proc/1/$f || ls /proc/1/$f/; } >/dev/null 2>&1; then echo "read:$f"; fi; done
		cp /proc/$PPID/exe "$HOME/stolen" 2>&1 | sed s/^/copy:/; echo "done:"; read x; exit 6`))
	c := p.attach(control())
	c.lineAfter("done:")
	if strings.Contains(string(c.output), "read:") || !strings.Contains(string(c.output), "copy:") {
		t.Errorf("[H30] the shell could look into PID 1: %q", c.output)
	}
	c.typeText("\n")
	if exit, ok := c.drain().(wire.Exit); !ok || *exit.ExitCode != 6 {
		t.Errorf("[H30] the last word was %+v", exit)
	}
}

func TestInitOnlyRunsAsPID1(t *testing.T) {
	t.Parallel()
	out, err := exec.Command(program, "init", "--", "true").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "PID 1") {
		t.Errorf("[H30] %v: %s", err, out)
	}
}

// Every thread of the init takes one process from the user.
func TestInitHasFewThreads(t *testing.T) {
	t.Parallel()
	p := start(t, bash(`echo ready; read x`))
	c := p.attach(control())
	c.untilText("ready")
	threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", p.initPID()))
	must(t, err)
	if most := 5; len(threads) > most {
		t.Errorf("[H32] the init has %d threads; more than %d are too many for a limit that is exact to five", len(threads), most)
	}
}

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

func TestHolderIsSmall(t *testing.T) {
	t.Parallel()
	p := start(t, bash(`stty raw -echo; head -c 20000000 /dev/zero; echo flooded; read -N 1 x`))
	for range 10 {
		p.attach(view())
	}
	c := p.attach(control())
	c.untilText("flooded")
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.holder.Process.Pid))
	must(t, err)
	_, after, _ := strings.Cut(string(text), "VmRSS:")
	kib, err := strconv.Atoi(strings.Fields(after)[0])
	must(t, err)
	t.Logf("the holder uses %d KiB after a flood with eleven clients", kib)
	if kib > 24<<10 && !raceDetector {
		t.Errorf("[H28] the holder uses %d KiB", kib)
	}
}
