package shellinit

import (
	"fmt"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// signalMax is the highest signal number.
const signalMax = 64

// beDeaf takes away the signal handlers that Go has installed. The kernel drops signals for a PID 1 that has no handler
// for them, so nothing the user sends ends it. Only SIGURG stays, which Go's scheduler sends itself.
//
// SIGTERM is dropped too. The kubelet stops the holder first, whose going is what ends this process (and KILL is, if
// the kubelet loses patience). Go can only wait for SIGTERM with three more threads, all of them taken from the user's
// processes, and could not tell the kubelet's from the user's.
func beDeaf() error {
	for number := 1; number <= signalMax; number++ {
		signal := syscall.Signal(number)
		if signal == unix.SIGURG || signal == unix.SIGKILL || signal == unix.SIGSTOP {
			continue
		}
		// struct sigaction of the kernel: handler, flags, restorer, mask; all zero is SIG_DFL on every architecture.
		var action [4]uint64
		_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(signal), uintptr(unsafe.Pointer(&action)), 0, 8, 0, 0)
		if errno != 0 {
			return fmt.Errorf("handler of signal %d: %w", signal, errno)
		}
	}
	return nil
}
