package itest

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"pocketconsole.dev/holder/internal/wire"
)

func TestExitCodeFollowsTheLastByte(t *testing.T) {
	t.Parallel()
	p := start(t, bash(`read x; head -c 3000000 /dev/zero | tr '\0' y; echo the-last-line; exit 7`))
	c := p.attach(control())
	c.typeText("go\n")
	exit, ok := c.drain().(wire.Exit)
	if !ok || exit.Reason != wire.ReasonExited || exit.ExitCode == nil || *exit.ExitCode != 7 || exit.OutHead != c.next {
		t.Errorf("[T4] the last word was %+v at %d", exit, c.next)
	}
	if !strings.HasSuffix(string(c.output), "the-last-line\r\n") {
		t.Errorf("[T4] the output ends with %q", c.output[max(0, len(c.output)-50):])
	}
	c.gone()
	said := p.end()
	if said.Reason != "Exited" || *said.ExitCode != 7 || *said.OutputBytes != exit.OutHead || said.LastInputAt == nil {
		t.Errorf("[H21] termination message %+v", said)
	}
	if at, err := time.Parse(time.RFC3339, *said.LastInputAt); err != nil || time.Since(at) > time.Hour {
		t.Errorf("[H21] lastInputAt %q", *said.LastInputAt)
	}
}

func TestExitBySignal(t *testing.T) {
	t.Parallel()
	p := start(t, bash(`read x; kill -KILL $$`))
	c := p.attach(control())
	c.typeText("go\n")
	if exit, ok := c.drain().(wire.Exit); !ok || *exit.ExitCode != 137 {
		t.Errorf("[T4] the last word was %+v", exit)
	}
	p.end()
}

func TestIdleWarnsThenEnds(t *testing.T) {
	t.Parallel()
	o := bash(`trap 'echo hung-up; exit 3' HUP; echo ready; while :; do sleep 0.1; done`)
	o.idle = 4 * time.Second
	p := start(t, o)
	c := p.attach(control())
	viewer := p.attach(view())
	if *c.attached.IdleTimeoutMs != 4000 || *c.attached.IdleDeadlineMs > 4000 {
		t.Errorf("[T1] ATTACHED says %+v", c.attached)
	}
	c.send(wire.KeepAlive{})
	isEvent := func(kind string) func(wire.Event) bool { return func(e wire.Event) bool { return e.Kind == kind } }
	if warned := until(c, isEvent(wire.EventIdleWarning)); *warned.RemainingMs > 2000 {
		t.Errorf("[T2] warned with %d ms left", *warned.RemainingMs)
	}
	c.send(wire.KeepAlive{})
	until(viewer, isEvent(wire.EventIdleReset))
	until(c, isEvent(wire.EventIdleReset))
	until(c, isEvent(wire.EventIdleWarning))
	exit, ok := c.drain().(wire.Exit)
	if !ok || exit.Reason != wire.ReasonIdle || exit.OutHead != c.next || !strings.Contains(string(c.output), "hung-up") {
		t.Errorf("[T3] the last word was %+v after %q", exit, c.output)
	}
	if last, ok := viewer.drain().(wire.Exit); !ok || last.Reason != wire.ReasonIdle {
		t.Errorf("[T3] the viewer's last word was %+v", last)
	}
	if said := p.end(); said.Reason != "Idle" || *said.ExitCode != 3 || said.LastInputAt != nil {
		t.Errorf("[T3] termination message %+v", said)
	}
}

func TestEndByHelper(t *testing.T) {
	t.Parallel()
	p := start(t, bash(`trap '' HUP TERM; (trap '' HUP; sleep 1000) & echo ready; while :; do sleep 1000; done`))
	c := p.attach(control())
	c.untilText("ready")
	out, err := p.role("end", "--reason", "Deleted").CombinedOutput()
	if err != nil {
		t.Errorf("[H24] end: %v: %s", err, out)
	}
	if exit, ok := c.drain().(wire.Exit); !ok || exit.Reason != wire.ReasonEnded || exit.ExitCode != nil {
		t.Errorf("[H24] the last word was %+v", exit)
	}
	if said := p.end(); said.Reason != "Ended" || *said.ExitCode != 137 {
		t.Errorf("[H24] termination message %+v", said)
	}
	if err := p.init.Wait(); err == nil {
		t.Error("[H34] the init did not pass on the shell's code")
	}
}

func TestTermIsAnOrderlyEnd(t *testing.T) {
	t.Parallel()
	p := start(t, options{command: []string{"bash", "-i"}})
	c := p.attach(control())
	c.untilText("$")
	must(t, p.holder.Process.Signal(syscall.SIGTERM))
	if exit, ok := c.drain().(wire.Exit); !ok || exit.Reason != wire.ReasonEnded {
		t.Errorf("[H25] the last word was %+v", exit)
	}
	if said := p.end(); said.Reason != "Ended" {
		t.Errorf("[H25] termination message %+v", said)
	}
}

// However stubborn everybody is, SIGTERM ends the holder within a grace period of five seconds.
func TestTermWithinTheGracePeriod(t *testing.T) {
	t.Parallel()
	p := start(t, bash(`trap '' HUP TERM; stty -onlcr; yes`))
	asked := control()
	asked.Lossless = true
	p.attach(asked) // never reads: holds the pty, and keeps its EXIT from being sent
	p.await("the ring is full", func() bool { return p.status().OutHead >= 1<<20 })
	began := time.Now()
	must(t, p.holder.Process.Signal(syscall.SIGTERM))
	said := p.end()
	if took := time.Since(began); took > 5*time.Second && !raceDetector {
		t.Errorf("[H25] the end took %v", took)
	}
	if said.Reason != "Ended" {
		t.Errorf("[H25] termination message %+v", said)
	}
}

func TestTermBeforeTheShell(t *testing.T) {
	t.Parallel()
	p := start(t, options{withoutInit: true})
	p.await("the holder listens", func() bool { return p.status().Shell == "waiting" })
	must(t, p.holder.Process.Signal(syscall.SIGTERM))
	if said := p.end(); said.Reason != "Ended" || *said.OutputBytes != 0 {
		t.Errorf("[H25] termination message %+v", said)
	}
}

func TestLostShellContainer(t *testing.T) {
	t.Parallel()
	p := start(t, bash(`echo ready; sleep 1000`))
	c := p.attach(control())
	c.untilText("ready")
	must(t, syscall.Kill(p.initPID(), syscall.SIGKILL)) // as the OOM killer does
	if exit, ok := c.drain().(wire.Exit); !ok || exit.Reason != wire.ReasonExited || *exit.ExitCode != 137 {
		t.Errorf("[H26] the last word was %+v", exit)
	}
	if said := p.end(); said.Reason != "Exited" || *said.ExitCode != 137 {
		t.Errorf("[H26] termination message %+v", said)
	}
}

func TestLostHolder(t *testing.T) {
	t.Parallel()
	p := start(t, bash(`(trap '' HUP; sleep 1000) & trap 'exit 5' HUP; echo ready; while :; do sleep 0.1; done`))
	c := p.attach(control())
	c.untilText("ready")
	must(t, p.holder.Process.Kill())
	err := p.init.Wait()
	if p.init.ProcessState.ExitCode() != 5 {
		t.Errorf("[H34] without its holder the init ended with %v", err)
	}
	c.gone()
}

func TestCommandThatDoesNotStart(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		command []string
		code    uint8
		says    string
	}{
		{[]string{"bsh", "-l"}, 127, `"bsh" was not found in this image`},
		{[]string{"/etc/passwd"}, 126, `"/etc/passwd" cannot be run`},
	} {
		p := start(t, options{command: test.command, withoutInit: true})
		c := p.connect()
		c.greet()
		c.send(control()) // waits for the shell (O8)
		p.startInit()
		exit, ok := c.drain().(wire.Exit)
		if !ok || *exit.ExitCode != test.code || !strings.Contains(string(c.output), test.says) {
			t.Errorf("[H33] %q: the last word was %+v after %q", test.command, exit, c.output)
		}
		if said := p.end(); said.Reason != "Exited" || *said.ExitCode != int(test.code) {
			t.Errorf("[H33] termination message %+v", said)
		}
	}
}

func TestClaimComesLater(t *testing.T) {
	t.Parallel()
	o := bash(`echo ready; sleep 1000`)
	o.unclaimed = true
	p := start(t, o)
	if s := p.status(); s.Claimed || s.IdleDeadlineMs != nil || s.Version != "itest" || len(s.Epoch) != 16 {
		t.Errorf("[H22] status %+v", s)
	}
	early := p.connect()
	early.greet()
	early.send(control())
	if said, ok := early.drain().(wire.Error); !ok || said.Code != wire.CodeUnclaimed {
		t.Errorf("[O8] the last word was %+v", said)
	}
	kept := p.connect() // an exec kept open on a warm pod
	kept.greet()
	p.claim()
	p.await("the claim is seen", func() bool { return p.status().Claimed })
	kept.attach(control())
	kept.untilText("ready")
	if s := p.status(); s.Clients != 1 || s.IdleDeadlineMs == nil || *s.IdleDeadlineMs <= 0 || s.OutHead == 0 {
		t.Errorf("[H22] status %+v", s)
	}
}

func TestNothingPrivateIsLogged(t *testing.T) {
	t.Parallel()
	p := start(t, bash(`echo printed-secret; read x; echo "$x"; bad-secret-command; exit 1`))
	c := p.attach(control())
	c.typeText("typed-secret\n")
	c.sendRaw([]byte{0, 0, 0, 12, 0xee, 0, 0, 0, 's', 'e', 'c', 'r', 'e', 't', 0, 0})
	c.drain()
	p.end()
	if text := p.log.String(); strings.Contains(text, "secret") {
		t.Errorf("[H27] the containers' log says %q", text)
	}
}

func TestInstall(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "holder-install-")
	must(t, err)
	defer os.RemoveAll(dir)
	must(t, os.Chmod(dir, 0o777))
	p := &pod{t: t}
	if out, err := p.role("install", dir+"/holder").CombinedOutput(); err == nil || !strings.Contains(string(out), "nothing to copy") {
		t.Errorf("[H40] without a readable copy: %v: %s", err, out)
	}
	original, err := os.ReadFile(program)
	must(t, err)
	must(t, os.WriteFile(dir+"/holder.copy", original, 0o444))
	must(t, os.Symlink(program, dir+"/link"))
	must(t, os.WriteFile(dir+"/main", original, 0o111))
	cmd := p.role("install", dir+"/installed")
	cmd.Path = dir + "/main"
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("[H40] install: %v: %s", err, out)
	}
	installed, err := os.ReadFile(dir + "/installed")
	must(t, err)
	info, err := os.Stat(dir + "/installed")
	must(t, err)
	if string(installed) != string(original) || info.Mode() != 0o111 {
		t.Errorf("[H40] the copy has mode %v and %d bytes of %d", info.Mode(), len(installed), len(original))
	}
}
