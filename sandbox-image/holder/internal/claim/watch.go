package claim

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"pocketconsole.dev/holder/internal/limits"
)

// Wait returns the claim as soon as the file holds one. The kubelet projects an empty file before the claim and swaps a
// symbolic link beside it when the annotation changes: the directory is watched, and looked at every now and then where
// nothing notifies. complain is told each new thing that is wrong with the file; nil is returned when ctx ends.
func Wait(ctx context.Context, path string, complain func(error)) *Claim {
	changes := watch(filepath.Dir(path))
	defer changes.Close()
	stop := context.AfterFunc(ctx, func() { _ = changes.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	told := ""
	for ctx.Err() == nil {
		claim, err := Read(path)
		if claim != nil {
			return claim
		}
		if err != nil && err.Error() != told {
			told = err.Error()
			complain(err)
		}
		changes.wait(ctx)
	}
	return nil
}

// Read looks at the file once; it gives nil without an error as long as there is no claim.
func Read(path string) (*Claim, error) {
	file, err := os.Open(path)
	if os.IsNotExist(err) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, limits.ClaimBytesMax+1))
	if err != nil || len(bytes.TrimSpace(text)) == 0 {
		return nil, err
	}
	claim, err := Parse(text)
	if err != nil {
		return nil, err
	}
	return &claim, nil
}

// watcher is an inotify descriptor, or nothing where there is none.
type watcher struct{ *os.File }

func watch(directory string) watcher {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return watcher{}
	}
	mask := uint32(unix.IN_CREATE | unix.IN_MOVED_TO | unix.IN_CLOSE_WRITE)
	if _, err := unix.InotifyAddWatch(fd, directory, mask); err != nil {
		unix.Close(fd)
		return watcher{}
	}
	return watcher{os.NewFile(uintptr(fd), "inotify")}
}

// wait returns when something changed in the directory, and at the latest after ClaimPoll or the end of ctx.
func (w watcher) wait(ctx context.Context) {
	if w.File == nil || w.SetReadDeadline(time.Now().Add(limits.ClaimPoll)) != nil {
		select {
		case <-time.After(limits.ClaimPoll):
		case <-ctx.Done():
		}
		return
	}
	if ctx.Err() != nil {
		return
	}
	var events [4096]byte
	_, _ = w.Read(events[:])
}
