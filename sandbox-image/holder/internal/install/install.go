// Package install is what `holder install PATH` does: it brings the binary into a volume, for images that lack it.
package install

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// mode lets everybody run the copy and nobody but root read it: a program that cannot be read cannot be looked into
// while it runs, from its first instant on.
const mode = 0o111

// readable is the copy beside the program in our image that may be read; the program itself may not, not even by itself.
const readable = "holder.copy"

// To writes the program to path. It must be complete before anybody runs it, so it gets its name last.
func To(path string) error {
	source, err := open()
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.CreateTemp(filepath.Dir(path), ".holder-*")
	if err != nil {
		return fmt.Errorf("the folder of %s cannot be written to: %w", path, err)
	}
	defer os.Remove(target.Name())
	if _, err := io.Copy(target, source); err != nil {
		target.Close()
		return fmt.Errorf("copy to %s: %w", path, err)
	}
	if err := target.Chmod(mode); err != nil {
		target.Close()
		return err
	}
	if err := target.Close(); err != nil {
		return err
	}
	return os.Rename(target.Name(), path)
}

func open() (*os.File, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	beside := filepath.Join(filepath.Dir(program), readable)
	for _, path := range []string{beside, program} {
		if file, err := os.Open(path); err == nil {
			return file, nil
		}
	}
	return nil, fmt.Errorf("neither %s nor %s may be read, so there is nothing to copy", beside, program)
}
