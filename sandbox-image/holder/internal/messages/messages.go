// Package messages gives the words of the pod's two sockets and where these lie. Pure.
package messages

// Where things are. CPC_RUN_DIR and its like move them, so that both roles can be tried outside a pod.
const (
	RunDir         = "/run/cpc"
	ClaimFile      = "/etc/cpc/claim/claim"
	TerminationLog = "/dev/termination-log"
)

// AttachSocket lies in a volume that only the holder's container mounts.
func AttachSocket(runDir string) string { return runDir + "/holder/socket" }

// InitSocket lies in a volume of both containers.
func InitSocket(runDir string) string { return runDir + "/init/socket" }

// Kinds of FromInit. Hello comes first, with the pty's master; Exit comes when nothing runs any more.
const (
	InitHello = "hello"
	InitExit  = "exit"
)

// FromInit is what the shell's init tells the holder.
type FromInit struct {
	Kind     string `json:"kind"`
	Version  string `json:"version,omitempty"`
	ExitCode uint8  `json:"exitCode,omitempty"` // 128 + signal for a signal
	Message  string `json:"message,omitempty"`  // why the command did not start
}

// ToInitHangup asks the init to hang up everything it has started.
const ToInitHangup = "hangup"

// ToInit is what the holder tells the shell's init.
type ToInit struct {
	Kind string `json:"kind"`
}

// Kinds of ToHolder. Attach comes with descriptors 0 and 1.
const (
	CallAttach = "attach"
	CallStatus = "status"
	CallEnd    = "end"
)

// ToHolder is what an exec'd helper asks of the holder.
type ToHolder struct {
	Kind   string `json:"kind"`
	Reason string `json:"reason,omitempty"` // of CallEnd, for the diagnostics
}

// Kinds of FromHolder.
const (
	AnswerStatus  = "status"
	AnswerEnded   = "ended"
	AnswerRefused = "refused"
)

// FromHolder answers ToHolder.
type FromHolder struct {
	Kind    string `json:"kind"`
	Message string `json:"message,omitempty"`
	Status  any    `json:"status,omitempty"`
}
