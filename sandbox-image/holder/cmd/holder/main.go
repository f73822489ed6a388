// Command holder is both halves of a session's terminal, and the helpers that others exec: see docs/spec/holder.md.
// This file only wires.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"golang.org/x/sys/unix"

	"pocketconsole.dev/holder/internal/caller"
	"pocketconsole.dev/holder/internal/hold"
	"pocketconsole.dev/holder/internal/install"
	"pocketconsole.dev/holder/internal/limits"
	"pocketconsole.dev/holder/internal/messages"
	"pocketconsole.dev/holder/internal/shellinit"
)

// version is set when building.
var version = "dev"

const exitUsage = 2

const usage = `usage: holder ROLE
  hold                 keep the terminal (PID 1 of the container holder)
  init -- COMMAND...   run the shell (PID 1 of the container shell)
  attach               speak cpc.v1 over stdin and stdout
  status               print one line of JSON
  end --reason REASON  end the session and wait until it has ended
  install PATH         copy this program to PATH
  version              print the version
`

func main() {
	// Nobody of the same uid looks into this process: not at its memory, not at its descriptors.
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
	if len(os.Args) < 2 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(exitUsage)
	}
	os.Exit(run(os.Args[1], os.Args[2:]))
}

func run(role string, args []string) int {
	runDir := setting("CPC_RUN_DIR", messages.RunDir)
	switch role {
	case "hold":
		return runHold(runDir)
	case "init":
		return exitCode(shellinit.Prepare(afterDashes(args)))
	case shellinit.StageInit:
		return shellinit.Run(shellinit.Config{
			Version: version, RunDir: runDir, Command: afterDashes(args), Diagnostics: os.Stderr,
		})
	case shellinit.StageShell:
		return shellinit.ExecShell(afterDashes(args))
	case "attach":
		return exitCode(caller.Attach(runDir))
	case "status":
		return exitCode(caller.Status(runDir, os.Stdout))
	case "end":
		return runEnd(runDir, args)
	case "install":
		if len(args) == 1 {
			return exitCode(install.To(args[0]))
		}
	case "version":
		fmt.Println(version)
		return 0
	}
	fmt.Fprint(os.Stderr, usage)
	return exitUsage
}

func runHold(runDir string) int {
	// One thread of Go is as fast as two here, since nearly all of the work is the kernel's, and costs a quarter less of
	// the container's share of a core.
	runtime.GOMAXPROCS(1)
	debug.SetMemoryLimit(limits.HolderMemoryBytes)
	debug.SetGCPercent(limits.GCPercent)
	signals := make(chan os.Signal, 1)
	terminate := make(chan struct{})
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-signals
		close(terminate)
	}()
	return hold.Run(hold.Config{
		Version: version, RunDir: runDir, Diagnostics: os.Stderr,
		ClaimFile:      setting("CPC_CLAIM_FILE", messages.ClaimFile),
		TerminationLog: setting("CPC_TERMINATION_LOG", messages.TerminationLog),
	}, terminate)
}

func runEnd(runDir string, args []string) int {
	flags := flag.NewFlagSet("end", flag.ContinueOnError)
	reason := flags.String("reason", "", "why, for the holder's log")
	if flags.Parse(args) != nil || flags.NArg() > 0 {
		return exitUsage
	}
	return exitCode(caller.End(runDir, *reason))
}

func exitCode(err error) int {
	if err != nil {
		fmt.Fprintf(os.Stderr, "holder: %v\n", err)
		return 1
	}
	return 0
}

func setting(variable, otherwise string) string {
	if value := os.Getenv(variable); value != "" {
		return value
	}
	return otherwise
}

func afterDashes(args []string) []string {
	if len(args) > 0 && args[0] == "--" {
		return args[1:]
	}
	return args
}
