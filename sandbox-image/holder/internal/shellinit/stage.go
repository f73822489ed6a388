package shellinit

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// stageMessageBytesMax bounds what the stage tells the init.
const stageMessageBytesMax = 1 << 10

// stagePipe is where the stage tells the init why the command did not start.
const stagePipe = 3

// Exit codes of a command that did not start, as shells have them.
const (
	exitNotExecutable = 126
	exitNotFound      = 127
)

// StageShell is the hidden role of the stage.
const StageShell = "exec-shell"

// ExecShell is the stage between the init and the command. It sets the limits, which would starve PID 1, and becomes the
// command; it returns only if that fails, with the exit code of the process. What went wrong is said in the terminal,
// which is where the user looks.
func ExecShell(command []string) int {
	unix.CloseOnExec(stagePipe)
	// Nothing else should be open; if the runtime left something, the command does not get it. Old kernels lack the call.
	_ = unix.CloseRange(stagePipe, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC)
	code, err := become(command)
	message := fmt.Sprintf("pocket-console: %v", err)
	fmt.Fprintf(os.Stdout, "%s\r\n", message)
	_, _ = unix.Write(stagePipe, []byte(message))
	return code
}

func become(command []string) (code int, err error) {
	if len(command) == 0 {
		return exitNotFound, errors.New("no command is given")
	}
	environment := shellEnvironment(os.Environ())
	goHome(os.Getenv("HOME"))
	path, err := exec.LookPath(command[0])
	if err != nil {
		return notStarted(command[0], err)
	}
	if err := setLimits(); err != nil {
		return exitNotExecutable, fmt.Errorf("the shell does not start without its limits: %w", err)
	}
	return notStarted(command[0], syscall.Exec(path, command, environment))
}

func notStarted(name string, err error) (int, error) {
	switch {
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return exitNotFound, fmt.Errorf("%q was not found in this image; spec.command names what the session runs", name)
	case errors.Is(err, syscall.ENOEXEC):
		return exitNotExecutable, fmt.Errorf("%q is not a program this machine can run", name)
	default:
		return exitNotExecutable, fmt.Errorf("%q cannot be run: %w", name, err)
	}
}

// goHome enters the home directory, or says why not and stays at the root.
func goHome(home string) {
	if err := os.Chdir(home); err != nil {
		fmt.Fprintf(os.Stdout, "pocket-console: the home directory cannot be entered: %v\r\n", err)
		_ = os.Chdir("/")
	}
}

// setLimits sets the session's limits, hard and soft alike. Without any of them the shell must not run.
func setLimits() error {
	for _, limit := range []struct {
		resource int
		variable string
	}{
		{unix.RLIMIT_FSIZE, "CPC_FILE_BYTES_MAX"},
		{unix.RLIMIT_NPROC, "CPC_PIDS_MAX"},
	} {
		value, err := strconv.ParseUint(os.Getenv(limit.variable), 10, 63)
		if err != nil || value == 0 {
			return fmt.Errorf("%s is %q and not a positive number", limit.variable, os.Getenv(limit.variable))
		}
		if err := setLimit(limit.resource, value); err != nil {
			return fmt.Errorf("%s: %w", limit.variable, err)
		}
	}
	return setLimit(unix.RLIMIT_CORE, 0)
}

func setLimit(resource int, value uint64) error {
	return unix.Setrlimit(resource, &unix.Rlimit{Cur: value, Max: value})
}
