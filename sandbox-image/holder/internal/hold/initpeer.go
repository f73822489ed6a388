package hold

import (
	"errors"
	"fmt"
	"time"

	"pocketconsole.dev/holder/internal/limits"
	"pocketconsole.dev/holder/internal/messages"
	"pocketconsole.dev/holder/internal/sock"
	"pocketconsole.dev/holder/internal/tty"
)

// serveInit waits for the shell's init, takes the pty from it and listens to it until it is gone. The init connects
// before it runs anything of the user's, and the socket is gone once it has: nobody else can take its place.
func (h *Holder) serveInit(listener *sock.Listener) {
	_ = listener.SetDeadline(time.Now().Add(limits.InitWait))
	init, err := listener.Accept()
	listener.Close()
	if err != nil {
		h.because(cause{failure: fmt.Errorf("the shell's init did not come within %v: %w", limits.InitWait, err)})
		return
	}
	defer init.Close()
	master, err := greetInit(init)
	if err != nil {
		h.because(cause{failure: fmt.Errorf("the shell's init is not understood: %w", err)})
		return
	}
	h.do(func(time.Duration) { h.init = init })
	h.runTerminal(master)
	how := awaitExit(init)
	h.do(func(time.Duration) { h.core.ShellExited() })
	h.gone <- how
}

// greetInit takes the init's first message, which brings the pty's master.
func greetInit(init *sock.Conn) (*tty.Master, error) {
	_ = init.SetReadDeadline(time.Now().Add(limits.HelloTimeout))
	var hello messages.FromInit
	fds, err := init.Receive(&hello, 1)
	if err != nil {
		return nil, err
	}
	if hello.Kind != messages.InitHello || len(fds) != 1 {
		sock.CloseAll(fds)
		return nil, errors.New("its first message is not a hello with the pty")
	}
	_ = init.SetReadDeadline(time.Time{})
	return tty.Adopt(fds[0])
}

// awaitExit waits for the init's report. If it goes without one, its container was killed.
func awaitExit(init *sock.Conn) cause {
	for {
		var said messages.FromInit
		fds, err := init.Receive(&said, 0)
		sock.CloseAll(fds)
		switch {
		case err != nil:
			return cause{reason: exitedReason, exitCode: exitCodeLost}
		case said.Kind == messages.InitExit:
			return cause{reason: exitedReason, exitCode: said.ExitCode}
		}
	}
}
