// Package sock speaks over the pod's Unix sockets: JSON messages on SOCK_SEQPACKET, which keeps their borders, with
// descriptors beside them. Edge.
package sock

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"pocketconsole.dev/holder/internal/limits"
)

const network = "unixpacket"

// Conn is one connection.
type Conn struct{ unix *net.UnixConn }

// Listener accepts connections.
type Listener struct{ unix *net.UnixListener }

// Listen makes a socket that may be connected to as mode says. A file left over at path is replaced.
func Listen(path string, mode os.FileMode) (*Listener, error) {
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	listener, err := net.ListenUnix(network, &net.UnixAddr{Name: path, Net: network})
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, mode); err != nil {
		listener.Close()
		return nil, err
	}
	return &Listener{unix: listener}, nil
}

// Accept waits for the next connection.
func (l *Listener) Accept() (*Conn, error) {
	accepted, err := l.unix.AcceptUnix()
	if err != nil {
		return nil, err
	}
	return &Conn{unix: accepted}, nil
}

// SetDeadline bounds Accept.
func (l *Listener) SetDeadline(at time.Time) error { return l.unix.SetDeadline(at) }

// Close stops listening and removes the socket's file.
func (l *Listener) Close() error { return l.unix.Close() }

// Dial connects.
func Dial(path string) (*Conn, error) {
	dialled, err := net.DialUnix(network, nil, &net.UnixAddr{Name: path, Net: network})
	if err != nil {
		return nil, err
	}
	return &Conn{unix: dialled}, nil
}

// PeerUID tells who is at the other end, by the kernel's word.
func (c *Conn) PeerUID() (uint32, error) {
	raw, err := c.unix.SyscallConn()
	if err != nil {
		return 0, err
	}
	var credentials *unix.Ucred
	var failure error
	err = raw.Control(func(fd uintptr) {
		credentials, failure = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	if err := errors.Join(err, failure); err != nil {
		return 0, err
	}
	return credentials.Uid, nil
}

// Send sends one message with descriptors, which stay the caller's.
func (c *Conn) Send(message any, fds ...int) error {
	text, err := json.Marshal(message)
	if err != nil {
		return err
	}
	if len(text) > limits.SocketMessageBytesMax {
		return fmt.Errorf("a message of %d bytes is too long for the socket", len(text))
	}
	var rights []byte
	if len(fds) > 0 {
		rights = unix.UnixRights(fds...)
	}
	_, _, err = c.unix.WriteMsgUnix(text, rights, nil)
	return err
}

// Receive takes one message and at most fdsMax descriptors, which become the caller's. io.EOF is an orderly end.
// A message that is too long, not JSON or comes with more descriptors is an error, and its descriptors are closed.
func (c *Conn) Receive(message any, fdsMax int) (fds []int, err error) {
	text := make([]byte, limits.SocketMessageBytesMax)
	rights := make([]byte, unix.CmsgSpace(4*fdsMax))
	n, rightsLength, flags, _, err := c.unix.ReadMsgUnix(text, rights)
	if err != nil {
		return nil, err
	}
	fds, err = descriptors(rights[:rightsLength])
	if err == nil && flags&(unix.MSG_TRUNC|unix.MSG_CTRUNC) != 0 {
		err = errors.New("a message is longer, or has more descriptors, than is allowed")
	}
	if err == nil {
		err = json.Unmarshal(text[:n], message)
	}
	if err == nil && len(fds) > fdsMax {
		err = fmt.Errorf("a message has %d descriptors; %d are allowed", len(fds), fdsMax)
	}
	if err != nil {
		CloseAll(fds)
		return nil, err
	}
	return fds, nil
}

func descriptors(rights []byte) ([]int, error) {
	messages, err := unix.ParseSocketControlMessage(rights)
	if err != nil {
		return nil, err
	}
	var all []int
	for _, message := range messages {
		fds, err := unix.ParseUnixRights(&message)
		if err != nil {
			CloseAll(all)
			return nil, err
		}
		all = append(all, fds...)
	}
	return all, nil
}

// CloseAll closes descriptors that nobody wants.
func CloseAll(fds []int) {
	for _, fd := range fds {
		unix.Close(fd)
	}
}

// SetReadDeadline bounds Receive; the zero time means for ever.
func (c *Conn) SetReadDeadline(at time.Time) error { return c.unix.SetReadDeadline(at) }

// SetWriteDeadline bounds Send.
func (c *Conn) SetWriteDeadline(at time.Time) error { return c.unix.SetWriteDeadline(at) }

// Finish tells the other end that nothing more comes; Receive still sees it go.
func (c *Conn) Finish() error { return c.unix.CloseWrite() }

// Close closes the connection.
func (c *Conn) Close() error { return c.unix.Close() }
