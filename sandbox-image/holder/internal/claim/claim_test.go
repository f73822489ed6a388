package claim

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const good = `{"sessionUid":"u1","idleTimeoutMs":300000,"claimedAt":"2026-11-22T15:00:00Z","recording":{"commands":true,"output":false}}`

func TestParse(t *testing.T) {
	claim, err := Parse([]byte(good))
	if err != nil || claim.SessionUID != "u1" || claim.IdleTimeout != 5*time.Minute || !claim.Commands || claim.Output {
		t.Errorf("[H20] got %+v (%v)", claim, err)
	}
	if _, err := Parse([]byte(strings.Replace(good, "{", `{"later":1,`, 1))); err != nil {
		t.Errorf("[H20] an unknown field: %v", err)
	}
}

func TestBadClaimsAreNone(t *testing.T) {
	for name, change := range map[string][2]string{
		"no session":      {`"sessionUid":"u1",`, ``},
		"empty session":   {`"u1"`, `""`},
		"idle of 0":       {`300000`, `0`},
		"negative idle":   {`300000`, `-1`},
		"endless idle":    {`300000`, `999999999999`},
		"idle as text":    {`300000`, `"300000"`},
		"no time":         {`"2026-11-22T15:00:00Z"`, `"yesterday"`},
		"half recording":  {`,"output":false`, ``},
		"no recording":    {`{"commands":true,"output":false}`, `null`},
		"not JSON":        {`{"sess`, `sess`},
		"longer than all": {`"u1"`, `"` + strings.Repeat("x", 20<<10) + `"`},
	} {
		if claim, err := Parse([]byte(strings.Replace(good, change[0], change[1], 1))); err == nil {
			t.Errorf("[H20] %s: accepted as %+v", name, claim)
		}
	}
}

// The kubelet's way: data directories, and a link that is swapped.
func project(t *testing.T, dir, name, text string) {
	t.Helper()
	data := filepath.Join(dir, name)
	if err := errors.Join(
		os.Mkdir(data, 0o755),
		os.WriteFile(filepath.Join(data, "claim"), []byte(text), 0o644),
		os.Symlink(name, filepath.Join(dir, "..data_tmp")),
		os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")),
	); err != nil {
		t.Fatal(err)
	}
}

func TestWaitSeesTheSwappedLink(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "claim")
	if err := os.Symlink(filepath.Join("..data", "claim"), path); err != nil {
		t.Fatal(err)
	}
	project(t, dir, "..1", "")
	complaints := make(chan error, 9)
	got := make(chan *Claim, 1)
	go func() { got <- Wait(t.Context(), path, func(err error) { complaints <- err }) }()
	project(t, dir, "..2", "{}")
	if err := <-complaints; !strings.Contains(err.Error(), "sessionUid") {
		t.Errorf("[H20] complaint: %v", err)
	}
	project(t, dir, "..3", good)
	if claim := <-got; claim == nil || claim.SessionUID != "u1" {
		t.Errorf("[H20] got %+v", claim)
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	for name, dir := range map[string]string{"watched": t.TempDir(), "without a directory": "/does/not/exist"} {
		ctx, cancel := context.WithCancel(t.Context())
		got := make(chan *Claim, 1)
		go func() { got <- Wait(ctx, filepath.Join(dir, "claim"), func(error) {}) }()
		cancel()
		if claim := <-got; claim != nil {
			t.Errorf("[H20] %s: %+v", name, claim)
		}
	}
}
