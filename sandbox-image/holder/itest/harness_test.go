// Package itest runs the real program's roles as processes, each with a uid of its own and the init in a PID namespace,
// and speaks to them as a gateway does. It needs root, for the uids and the namespace.
package itest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	// The program under test is built by a process of its own, which the test cache does not see: these imports, and
	// reading main.go, make a change of any of them a change of this test.
	_ "pocketconsole.dev/holder/internal/caller"
	_ "pocketconsole.dev/holder/internal/hold"
	_ "pocketconsole.dev/holder/internal/install"
	_ "pocketconsole.dev/holder/internal/shellinit"
)

// patience bounds every wait for something that should come at once.
const patience = 30 * time.Second

const holderUID = 47001

// shellUIDs gives every session a uid of its own, since RLIMIT_NPROC counts by uid.
var shellUIDs atomic.Int64

// program is the built binary: root's, and nobody may read it.
var program string

func TestMain(m *testing.M) {
	code, err := runTests(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func runTests(m *testing.M) (int, error) {
	if os.Getuid() != 0 {
		return 1, errors.New("the holder's integration tests start both roles with uids of their own: run them as root")
	}
	shellUIDs.Store(48000 + int64(os.Getpid())%1000*100)
	dir, err := os.MkdirTemp("", "holder-itest-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "holder")
	args := []string{"build", "-trimpath", "-ldflags", "-X main.version=itest", "-o", program}
	if raceDetector {
		args = append(args, "-race")
	}
	_, err = os.ReadFile("../cmd/holder/main.go")
	build := exec.Command("go", append(args, "../cmd/holder")...)
	build.Stderr = os.Stderr
	if err := errors.Join(err, build.Run(), os.Chmod(program, 0o111), os.Chmod(dir, 0o755)); err != nil {
		return 1, fmt.Errorf("build the holder: %w", err)
	}
	return m.Run(), nil
}

// options say what a session is started with; the zero value is a claimed one with generous limits.
type options struct {
	command     []string
	unclaimed   bool
	withoutInit bool
	idle        time.Duration
	pids        int
	environment []string
}

// pod is one running session: two processes that share a folder, as the two containers share a volume.
type pod struct {
	t        testing.TB
	dir      string
	home     string
	shellUID int
	options  options
	holder   *exec.Cmd
	init     *exec.Cmd
	log      *syncBuffer // what both containers have logged
	exited   chan error  // of the holder
}

// bash is a session that runs a script.
func bash(script string) options { return options{command: []string{"bash", "-c", script}} }

// start makes a pod and waits until it serves.
func start(t testing.TB, o options) *pod {
	t.Helper()
	dir, err := os.MkdirTemp("", "holder-pod-")
	must(t, err)
	p := &pod{
		t: t, dir: dir, home: filepath.Join(dir, "home"), shellUID: int(shellUIDs.Add(1)), options: o,
		log: &syncBuffer{}, exited: make(chan error, 1),
	}
	t.Cleanup(func() {
		os.RemoveAll(dir)
		if strings.Contains(p.log.String(), "DATA RACE") {
			t.Errorf("a role has a data race:\n%s", p.log)
		}
	})
	for _, folder := range []string{"", "run", "run/holder", "run/init", "claim", "home"} {
		must(t, os.MkdirAll(filepath.Join(dir, folder), 0o777))
		must(t, os.Chmod(filepath.Join(dir, folder), 0o777))
	}
	must(t, os.WriteFile(p.terminationLog(), nil, 0o666))
	must(t, os.Chmod(p.terminationLog(), 0o666))
	if !o.unclaimed {
		p.claim()
	}
	p.startHolder()
	p.await("the holder serves", func() bool { return p.status().Shell != "" })
	if !o.withoutInit {
		p.startInit()
		p.await("the shell runs", func() bool { return p.status().Shell == "running" || p.hasEnded() })
	}
	return p
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (p *pod) terminationLog() string { return filepath.Join(p.dir, "termination-log") }

// claim writes the claim file.
func (p *pod) claim() {
	p.t.Helper()
	idle := p.options.idle
	if idle == 0 {
		idle = time.Hour
	}
	text := fmt.Sprintf(`{"sessionUid":"uid-1","idleTimeoutMs":%d,"claimedAt":%q,"recording":{"commands":true,"output":true}}`,
		idle.Milliseconds(), time.Now().UTC().Format(time.RFC3339))
	must(p.t, os.WriteFile(filepath.Join(p.dir, "claim/next"), []byte(text), 0o644))
	must(p.t, os.Rename(filepath.Join(p.dir, "claim/next"), filepath.Join(p.dir, "claim/claim")))
}

func (p *pod) environment() []string {
	return append([]string{
		"PATH=" + os.Getenv("PATH"),
		"CPC_RUN_DIR=" + filepath.Join(p.dir, "run"),
		"CPC_CLAIM_FILE=" + filepath.Join(p.dir, "claim/claim"),
		"CPC_TERMINATION_LOG=" + p.terminationLog(),
		"GORACE=atexit_sleep_ms=0",
	}, p.options.environment...)
}

// role prepares a process in the holder's container.
func (p *pod) role(args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Dir = "/"
	cmd.Env = p.environment()
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: holderUID, Gid: holderUID}}
	return cmd
}

func (p *pod) startHolder() {
	p.holder = p.role("hold")
	p.holder.Stdout, p.holder.Stderr = p.log, p.log
	must(p.t, p.holder.Start())
	go func() { p.exited <- p.holder.Wait() }()
	p.t.Cleanup(func() { _ = p.holder.Process.Kill() })
}

// startInit starts the shell's container: a PID namespace with a /proc of its own.
func (p *pod) startInit() {
	pids := p.options.pids
	if pids == 0 {
		pids = 2000
	}
	uid := strconv.Itoa(p.shellUID)
	p.init = exec.Command("unshare", append([]string{"--pid", "--fork", "--mount-proc", "--",
		"setpriv", "--reuid", uid, "--regid", uid, "--clear-groups", "--no-new-privs", "--",
		program, "init", "--"}, p.options.command...)...)
	p.init.Dir = "/"
	p.init.Env = append(p.environment(), "HOME="+p.home, "TERM=xterm-256color", "LANG=C.UTF-8",
		"CPC_PIDS_MAX="+strconv.Itoa(pids), "CPC_FILE_BYTES_MAX=104857600")
	p.init.Stdout, p.init.Stderr = p.log, p.log
	must(p.t, p.init.Start())
	p.t.Cleanup(func() {
		if pid, ok := childOf(p.init.Process.Pid); ok {
			_ = syscall.Kill(pid, syscall.SIGKILL) // and with it everything in its namespace
		}
		_ = p.init.Wait()
	})
}

// initPID is PID 1 of the shell's container, seen from outside.
func (p *pod) initPID() int {
	p.t.Helper()
	pid, ok := childOf(p.init.Process.Pid)
	if !ok {
		p.t.Fatal("the init does not run")
	}
	return pid
}

func childOf(parent int) (pid int, ok bool) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", parent, parent))
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	return pid, err == nil
}

type status struct {
	Version, Epoch, Shell string
	Protocol              []int
	Claimed               bool
	IdleDeadlineMs        *int64
	OutHead               uint64
	Clients               int
}

// status runs `holder status`; the zero value means that nobody answered.
func (p *pod) status() status {
	p.t.Helper()
	out, err := p.role("status").Output()
	var s status
	if err == nil && (json.Unmarshal(out, &s) != nil || bytes.Count(out, []byte("\n")) != 1) {
		p.t.Fatalf("[H22] status printed %q", out)
	}
	return s
}

// await waits for a condition.
func (p *pod) await(what string, met func() bool) {
	p.t.Helper()
	for until := time.Now().Add(patience); !met(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(until) {
			p.t.Fatalf("waited in vain: %s\nlog: %s", what, p.log)
		}
	}
}

func (p *pod) hasEnded() bool {
	select {
	case err := <-p.exited:
		p.exited <- err
		return true
	default:
		return false
	}
}

type termination struct {
	Reason           string
	ExitCode         *int
	LastInputAt      *string
	OutputBytes      *uint64
	UnfetchedRecords *int
}

// end waits for the holder's end, which must be orderly, and gives its termination message.
func (p *pod) end() termination {
	p.t.Helper()
	select {
	case err := <-p.exited:
		p.exited <- err
		if err != nil {
			p.t.Errorf("[H23] the holder ended with %v\nlog: %s", err, p.log)
		}
	case <-time.After(patience):
		p.t.Fatalf("[H23] the holder does not end\nlog: %s", p.log)
	}
	text, err := os.ReadFile(p.terminationLog())
	must(p.t, err)
	var said termination
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&said); err != nil || len(text) > 4096 {
		p.t.Fatalf("[H21] termination message %q: %v", text, err)
	}
	if said.ExitCode == nil || said.OutputBytes == nil || said.UnfetchedRecords == nil {
		p.t.Errorf("[H21] termination message %q lacks fields", text)
	}
	return said
}

// syncBuffer gathers what several processes write.
type syncBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
