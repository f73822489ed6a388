// Package shellinit is the role `init`, PID 1 of the shell's container: it makes the pty, gives its master to the
// holder, starts the shell with its limits, reaps, and tells how it ended.
//
// It has the user's uid, and its threads count against the user's RLIMIT_NPROC. So it trusts nothing that comes from
// inside the container, has few threads, and needs neither more of them nor more memory once the shell runs.
// runtime.go makes it small, shellinit.go is the course of events, signals.go keeps the user's signals off, and stage.go
// becomes the shell.
package shellinit

import (
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"pocketconsole.dev/holder/internal/limits"
	"pocketconsole.dev/holder/internal/messages"
	"pocketconsole.dev/holder/internal/sock"
	"pocketconsole.dev/holder/internal/tty"
)

// exitFailed is the exit code of an init that could not do its work.
const exitFailed = 125

// Config is what the role needs to know of the world.
type Config struct {
	Version     string
	RunDir      string
	Command     []string
	Diagnostics io.Writer // a few lines without anything private
}

// initializer is the running role.
type initializer struct {
	config  Config
	asked   chan struct{} // closed when the holder wants the end
	gone    chan struct{} // closed when the holder is gone
	reaped  chan ended    // closed when nothing runs any more
	holder  *sock.Conn
	slave   *os.File // kept open, so that the terminal lives as long as anything that may use it
	shell   int      // pid
	failure *os.File // where the shell's process tells why it did not become the command
}

// ended is a process that was reaped.
type ended struct {
	pid    int
	status syscall.WaitStatus
}

// Run is the stage that Prepare starts. It starts the command and stays until the holder is gone; it gives the exit code
// of the process.
func Run(config Config) int {
	i := &initializer{
		config: config,
		asked:  make(chan struct{}),
		gone:   make(chan struct{}),
		reaped: make(chan ended),
	}
	code, err := i.run()
	if err != nil {
		fmt.Fprintf(config.Diagnostics, "init: %v\n", err)
		return exitFailed
	}
	return int(code)
}

func (i *initializer) run() (code uint8, err error) {
	if err := mustBeInit(); err != nil {
		return 0, err
	}
	if err := beDeaf(); err != nil {
		return 0, err
	}
	if err := i.connect(); err != nil {
		return 0, err
	}
	if err := i.start(); err != nil {
		return 0, err
	}
	go i.reap()
	go i.listen()
	code = i.untilNothingRuns()
	i.slave.Close()
	report := messages.FromInit{Kind: messages.InitExit, ExitCode: code, Message: i.startFailure()}
	if err := i.holder.Send(report); err != nil {
		fmt.Fprintf(i.config.Diagnostics, "init: the holder was not told: %v\n", err)
	}
	// Leaving before the kubelet sees that the holder has ended would have it start this container again.
	<-i.gone
	time.Sleep(limits.InitLeave)
	return code, nil
}

// connect makes the pty and gives its master to the holder. Nothing of the user's runs yet: the first to connect is us.
func (i *initializer) connect() error {
	master, slave, err := tty.Open()
	if err != nil {
		return fmt.Errorf("no terminal: %w", err)
	}
	defer master.Close()
	i.slave = slave
	if i.holder, err = i.dial(); err != nil {
		return fmt.Errorf("the holder cannot be reached: %w", err)
	}
	hello := messages.FromInit{Kind: messages.InitHello, Version: i.config.Version}
	if err := i.holder.Send(hello, int(master.Fd())); err != nil {
		return fmt.Errorf("the holder does not take the terminal: %w", err)
	}
	return nil
}

// dial tries until the holder listens: its container starts after this one.
func (i *initializer) dial() (*sock.Conn, error) {
	path := messages.InitSocket(i.config.RunDir)
	for until := time.Now().Add(limits.InitWait); ; {
		conn, err := sock.Dial(path)
		if err == nil || time.Now().After(until) {
			return conn, err
		}
		time.Sleep(limits.DialPause)
	}
}

// start runs the stage that sets the limits and becomes the command, as leader of a new session on the pty.
func (i *initializer) start() error {
	var tells *os.File
	var err error
	if i.failure, tells, err = os.Pipe(); err != nil {
		return err
	}
	defer tells.Close()
	terminal := i.slave.Fd()
	argv := append([]string{"holder", StageShell, "--"}, i.config.Command...)
	i.shell, err = syscall.ForkExec(self, argv, &syscall.ProcAttr{
		Env:   os.Environ(),
		Files: []uintptr{terminal, terminal, terminal, tells.Fd()},
		Sys:   &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0},
	})
	if err != nil {
		return fmt.Errorf("the shell's process does not start: %w", err)
	}
	return nil
}

// startFailure is why the shell's process did not become the command, or "". Whoever could write it has ended.
func (i *initializer) startFailure() string {
	text, _ := io.ReadAll(io.LimitReader(i.failure, stageMessageBytesMax))
	return string(text)
}

// reap collects every process that ends: PID 1 is everybody's parent in the end. Without children nothing runs.
func (i *initializer) reap() {
	defer close(i.reaped)
	for {
		var one ended
		var err error
		one.pid, err = syscall.Wait4(-1, &one.status, 0, nil)
		switch err {
		case nil:
			i.reaped <- one
		case syscall.EINTR:
		default: // ECHILD
			return
		}
	}
}

// listen waits for the holder to want the end, and then to be gone.
func (i *initializer) listen() {
	defer close(i.gone)
	for asked := false; ; {
		var said messages.ToInit
		fds, err := i.holder.Receive(&said, 0)
		sock.CloseAll(fds)
		if err != nil {
			return
		}
		if said.Kind == messages.ToInitHangup && !asked {
			asked = true
			close(i.asked)
		}
	}
}

// untilNothingRuns returns the shell's exit code once it and everything it has started is gone. Whatever is left when
// the shell has ended, or when the end is wanted, is hung up first and killed a moment later.
func (i *initializer) untilNothingRuns() (code uint8) {
	asked, gone := i.asked, i.gone
	var kill <-chan time.Time
	for {
		select {
		case one, any := <-i.reaped:
			if !any {
				return code
			}
			if one.pid == i.shell {
				code, kill = exitCode(one.status), hangUp()
			}
		case <-asked:
			asked, kill = nil, hangUp()
		case <-gone:
			gone, kill = nil, hangUp()
		case <-kill:
			_ = unix.Kill(everybody, unix.SIGKILL)
		}
	}
}

// everybody is, to kill, every process but the caller, which is PID 1 of its own namespace.
const everybody = -1

// hangUp tells every process that its terminal is gone, stopped ones too, and says when patience ends.
func hangUp() (kill <-chan time.Time) {
	_ = unix.Kill(everybody, unix.SIGHUP)
	_ = unix.Kill(everybody, unix.SIGCONT)
	return time.After(limits.HangupGrace)
}

// exitCode is the code a shell would show.
func exitCode(status syscall.WaitStatus) uint8 {
	if status.Signaled() {
		return 128 + uint8(status.Signal())
	}
	return uint8(status.ExitStatus())
}
