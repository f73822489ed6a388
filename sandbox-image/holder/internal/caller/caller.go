// Package caller is what the exec'd helpers `attach`, `status` and `end` do: they ask the holder and wait.
package caller

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"pocketconsole.dev/holder/internal/messages"
	"pocketconsole.dev/holder/internal/report"
	"pocketconsole.dev/holder/internal/sock"
)

// Attach gives descriptors 0 and 1 to the holder, which speaks cpc.v1 over them, and waits until it is done. No second
// process copies bytes.
func Attach(runDir string) error {
	holder, err := call(runDir, messages.ToHolder{Kind: messages.CallAttach}, 0, 1)
	if err != nil {
		return err
	}
	defer holder.Close()
	if err := letGoOfStdio(); err != nil {
		return err
	}
	_, err = hear(holder)
	return err
}

// letGoOfStdio leaves the holder as the only owner of the stream, so that its closing is seen at once.
func letGoOfStdio() error {
	null, err := unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	return errors.Join(unix.Dup3(null, 0, 0), unix.Dup3(null, 1, 0))
}

// Status writes the holder's status to out, as one line of JSON.
func Status(runDir string, out io.Writer) error {
	holder, err := call(runDir, messages.ToHolder{Kind: messages.CallStatus})
	if err != nil {
		return err
	}
	defer holder.Close()
	answer, err := hear(holder)
	if err != nil {
		return err
	}
	if answer.Status == nil {
		return errors.New("the holder ended before it answered")
	}
	_, err = fmt.Fprintf(out, "%s\n", report.JSON(answer.Status))
	return err
}

// End asks for an orderly end and waits for it.
func End(runDir, reason string) error {
	holder, err := call(runDir, messages.ToHolder{Kind: messages.CallEnd, Reason: reason})
	if err != nil {
		return err
	}
	defer holder.Close()
	_, err = hear(holder)
	return err
}

func call(runDir string, question messages.ToHolder, fds ...int) (*sock.Conn, error) {
	holder, err := sock.Dial(messages.AttachSocket(runDir))
	if err != nil {
		return nil, fmt.Errorf("the holder cannot be reached: %w", err)
	}
	if err := holder.Send(question, fds...); err != nil {
		holder.Close()
		return nil, fmt.Errorf("the holder does not listen: %w", err)
	}
	return holder, nil
}

// hear waits for the answer. A holder that closes without one has ended, which is what most callers wait for.
func hear(holder *sock.Conn) (messages.FromHolder, error) {
	var status json.RawMessage
	answer := messages.FromHolder{Status: &status}
	_, err := holder.Receive(&answer, 0)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, unix.ECONNRESET):
		return messages.FromHolder{}, nil
	case err != nil:
		return messages.FromHolder{}, err
	case answer.Kind == messages.AnswerRefused:
		return messages.FromHolder{}, fmt.Errorf("the holder refused: %s", answer.Message)
	}
	if len(status) == 0 {
		answer.Status = nil
	}
	return answer, nil
}
