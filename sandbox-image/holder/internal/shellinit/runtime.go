package shellinit

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// StageInit is the hidden role that the init becomes: the same program, with a smaller Go runtime.
const StageInit = "run-init"

// self is this program. Its file may not be readable, but it can be run.
const self = "/proc/self/exe"

// smallRuntime is what the init wants of Go: one running thread, and no collector, which may want a thread when the user
// has left none; there is no garbage to speak of. Only a program's start can be given these without threads that stay.
var smallRuntime = map[string]string{"GOMAXPROCS": "1", "GOGC": "off"}

// savedPrefix keeps the container's own values of these for the shell.
const savedPrefix = "CPC_SAVED_"

// Prepare replaces the process by the stage that does the work; it returns only if that fails.
func Prepare(command []string) error {
	if err := mustBeInit(); err != nil {
		return err
	}
	argv := append([]string{os.Args[0], StageInit, "--"}, command...)
	return fmt.Errorf("%s does not start again: %w", self, syscall.Exec(self, argv, smallEnvironment(os.Environ())))
}

func mustBeInit() error {
	if os.Getpid() != 1 {
		return errors.New("init ends every process it can see, so it only runs as PID 1 of a container")
	}
	return nil
}

func smallEnvironment(all []string) []string {
	var small []string
	for _, entry := range all {
		name, value, _ := strings.Cut(entry, "=")
		if _, ours := smallRuntime[name]; ours {
			name = savedPrefix + name
		}
		small = append(small, name+"="+value)
	}
	for name, value := range smallRuntime {
		small = append(small, name+"="+value)
	}
	return small
}

// shellEnvironment gives the container's own environment back, without what is between the operator and us and without
// what the kubelet tells every container about a cluster that this one cannot reach; it fills in what an image may lack.
func shellEnvironment(all []string) []string {
	var kept []string
	for _, entry := range all {
		name, value, _ := strings.Cut(entry, "=")
		if saved, was := strings.CutPrefix(name, savedPrefix); was {
			kept = append(kept, saved+"="+value)
		} else if !notTheShells(name) {
			kept = append(kept, entry)
		}
	}
	for name, value := range map[string]string{"TERM": "xterm-256color", "PATH": defaultPath} {
		if _, set := os.LookupEnv(name); !set {
			kept = append(kept, name+"="+value)
		}
	}
	return kept
}

func notTheShells(name string) bool {
	_, small := smallRuntime[name]
	return small || strings.HasPrefix(name, "CPC_") || strings.HasPrefix(name, "KUBERNETES_")
}

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
