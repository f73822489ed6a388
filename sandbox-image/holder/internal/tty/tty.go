// Package tty handles the pty: made by the shell's init, owned by the holder. Edge.
package tty

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// The size of a pty before its first client.
const (
	DefaultCols = 80
	DefaultRows = 24
)

// Open makes a pty of the default size whose line discipline deletes whole UTF-8 characters.
func Open() (master, slave *os.File, err error) {
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("open /dev/ptmx: %w", err)
	}
	master = os.NewFile(uintptr(fd), "/dev/ptmx")
	slave, err = openSlave(fd)
	if err != nil {
		master.Close()
		return nil, nil, err
	}
	return master, slave, nil
}

func openSlave(master int) (*os.File, error) {
	if err := unix.IoctlSetPointerInt(master, unix.TIOCSPTLCK, 0); err != nil {
		return nil, fmt.Errorf("unlock the pty: %w", err)
	}
	number, err := unix.IoctlGetInt(master, unix.TIOCGPTN)
	if err != nil {
		return nil, fmt.Errorf("number of the pty: %w", err)
	}
	path := fmt.Sprintf("/dev/pts/%d", number)
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	if err := prepare(fd); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("prepare %s: %w", path, err)
	}
	return os.NewFile(uintptr(fd), path), nil
}

func prepare(slave int) error {
	settings, err := unix.IoctlGetTermios(slave, unix.TCGETS)
	if err != nil {
		return err
	}
	settings.Iflag |= unix.IUTF8
	if err := unix.IoctlSetTermios(slave, unix.TCSETS, settings); err != nil {
		return err
	}
	return unix.IoctlSetWinsize(slave, unix.TIOCSWINSZ, &unix.Winsize{Col: DefaultCols, Row: DefaultRows})
}

// Nonblocking makes a file of a descriptor that Go's poller waits for. Never ask such a file for Fd(): that would put
// the descriptor back into blocking mode.
func Nonblocking(fd int, name string) (*os.File, error) {
	if err := unix.SetNonblock(fd, true); err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), name), nil
}

// Master is the pty's master as the holder uses it.
type Master struct {
	file *os.File
	raw  syscall.RawConn
}

// Adopt takes over a descriptor if it is a pty's master; otherwise it closes it.
func Adopt(fd int) (*Master, error) {
	if _, err := unix.IoctlGetInt(fd, unix.TIOCGPTN); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("the descriptor is not a pty's master: %w", err)
	}
	file, err := Nonblocking(fd, "pty")
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	raw, err := file.SyscallConn()
	if err != nil {
		file.Close()
		return nil, err
	}
	return &Master{file: file, raw: raw}, nil
}

// OnReadable calls read when the pty may be read, again and again until it returns true.
func (m *Master) OnReadable(read func(fd int) (done bool)) error {
	return m.raw.Read(func(fd uintptr) bool { return read(int(fd)) })
}

// Now calls read at once.
func (m *Master) Now(read func(fd int)) error {
	return m.raw.Control(func(fd uintptr) { read(int(fd)) })
}

// Write writes as much as the pty takes now, waiting at most for the given time for it to take anything.
func (m *Master) Write(p []byte, wait time.Duration) (n int, err error) {
	if err := m.file.SetWriteDeadline(time.Now().Add(wait)); err != nil {
		return 0, err
	}
	var failure error
	err = m.raw.Write(func(fd uintptr) bool {
		n, failure = unix.Write(int(fd), p)
		return failure != unix.EAGAIN && failure != unix.EINTR
	})
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return 0, nil
	}
	return max(n, 0), errors.Join(err, failure)
}

// SetSize sets the size; programs in the foreground get SIGWINCH.
func (m *Master) SetSize(cols, rows uint16) error {
	var failure error
	err := m.raw.Control(func(fd uintptr) {
		failure = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Col: cols, Row: rows})
	})
	return errors.Join(err, failure)
}

// Close closes the master; the shell's session gets SIGHUP.
func (m *Master) Close() error { return m.file.Close() }
