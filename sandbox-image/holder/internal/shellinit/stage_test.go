package shellinit

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestEnvironmentOfTheShell(t *testing.T) {
	t.Setenv("TERM", "dumb")
	got := shellEnvironment([]string{"HOME=/home/user", "CPC_PIDS_MAX=1", "CPC_", "KUBERNETES_PORT=x", "NOT_CPC_=1", "TERM=dumb"})
	if !slices.Equal(got, []string{"HOME=/home/user", "NOT_CPC_=1", "TERM=dumb"}) {
		t.Errorf("[H31] got %q", got)
	}
	small := smallEnvironment([]string{"GOMAXPROCS=8", "TERM=dumb"})
	slices.Sort(small)
	if !slices.Equal(small, []string{"CPC_SAVED_GOMAXPROCS=8", "GOGC=off", "GOMAXPROCS=1", "TERM=dumb"}) {
		t.Errorf("[H32] environment of the init: %q", small)
	}
	if got := shellEnvironment(small); !slices.Equal(got, []string{"GOMAXPROCS=8", "TERM=dumb"}) {
		t.Errorf("[H31] given back: %q", got)
	}
	os.Unsetenv("TERM")
	if got := shellEnvironment(nil); !slices.Contains(got, "TERM=xterm-256color") {
		t.Errorf("[H31] without TERM: %q", got)
	}
}

func TestWhyACommandDoesNotStart(t *testing.T) {
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"plain": 0o644, "garbage": 0o755} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("\x00\x01not a program"), mode); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir)
	t.Setenv("HOME", dir)
	for name, want := range map[string]struct {
		command []string
		code    int
		says    string
	}{
		"nothing":        {nil, 127, "no command"},
		"not in PATH":    {[]string{"bsh", "-l"}, 127, `"bsh" was not found`},
		"no such file":   {[]string{"/no/such/thing"}, 127, "was not found"},
		"not executable": {[]string{filepath.Join(dir, "plain")}, 126, "permission denied"},
		"a directory":    {[]string{dir}, 126, "cannot be run"},
	} {
		code, err := become(want.command)
		if code != want.code || err == nil || !strings.Contains(err.Error(), want.says) {
			t.Errorf("[H33] %s: %d, %v", name, code, err)
		}
	}
}

func TestNoShellWithoutLimits(t *testing.T) {
	t.Setenv("HOME", "/")
	for _, value := range []string{"", "0", "-1", "many", "99999999999999999999"} {
		t.Setenv("CPC_FILE_BYTES_MAX", value)
		if code, err := become([]string{"/bin/true"}); code != 126 || !strings.Contains(err.Error(), "CPC_FILE_BYTES_MAX") {
			t.Errorf("[H32] CPC_FILE_BYTES_MAX=%q: %d, %v", value, code, err)
		}
	}
}
