package itest

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

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
	most := 5
	if raceDetector {
		most = 7
	}
	t.Logf("the init has %d threads", len(threads))
	if len(threads) > most {
		t.Errorf("[H32] the init has %d threads; more than %d are too many for a limit that is exact to five", len(threads), most)
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
