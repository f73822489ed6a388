// Package wire is the codec of cpc.v1 (protocol/SPEC.md section 1): bytes to frames and back, strict and total.
// It does no I/O of its own and knows nothing of sessions.
package wire

// Type is a frame's first byte.
type Type uint8

// The frame types: 0x01… from the client, 0x41… from the holder, 0x7e… both ways.
const (
	TypeHello     Type = 0x01
	TypeAttach    Type = 0x02
	TypeIn        Type = 0x03
	TypeAck       Type = 0x04
	TypeResize    Type = 0x05
	TypeKeepAlive Type = 0x06
	TypeDetach    Type = 0x07
	TypeWelcome   Type = 0x41
	TypeAttached  Type = 0x42
	TypeOut       Type = 0x43
	TypeInAck     Type = 0x44
	TypeEvent     Type = 0x45
	TypeExit      Type = 0x46
	TypeGap       Type = 0x47
	TypeError     Type = 0x48
	TypePing      Type = 0x7e
	TypePong      Type = 0x7f
)

// FlagReply marks IN as the terminal's own answer to a query (T1).
const FlagReply = 0x01

// StreamShell is the session's first shell, and the only stream of this version (F7).
const StreamShell = 0

// Frame is one frame: what stands in the header beside the type, and the body, which determines the type.
type Frame struct {
	Flags  uint8
	Stream uint16
	Body   Body
}

// Body is what a frame says. The types below are all there are.
type Body interface{ Type() Type }

// Modes of an attachment.
const (
	ModeControl = "control"
	ModeView    = "view"
)

// How an attachment resumes (P3, P4).
const (
	ResumeDelta = "delta"
	ResumeGap   = "gap"
)

// Why a session ended.
const (
	ReasonExited = "Exited"
	ReasonIdle   = "Idle"
	ReasonEnded  = "Ended"
)

// Codes of ERROR.
const (
	CodeVersion     = "version"
	CodeProtocol    = "protocol"
	CodeTicketUsed  = "ticket-used"
	CodeTooMany     = "too-many"
	CodeReplaced    = "replaced"
	CodeUnclaimed   = "unclaimed"
	CodeTooSlow     = "too-slow"
	CodeLeaseNeeded = "lease-needed"
	CodeEnded       = "ended"
)

// Kinds of EVENT (section 7).
const (
	EventResized      = "resized"
	EventLease        = "lease"
	EventInputRefused = "input-refused"
	EventIdleWarning  = "idle-warning"
	EventIdleReset    = "idle-reset"
)

// Agent names one side's program.
type Agent struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Hello opens a connection (O1).
type Hello struct {
	Versions [2]uint16 `json:"versions"`
	Client   Agent     `json:"client"`
	Ticket   *string   `json:"ticket,omitempty"`
}

// Attach asks for the terminal. JTI and Owner come from the gateway only (O4).
type Attach struct {
	ClientID  *string `json:"clientId,omitempty"`
	ClientKey *string `json:"clientKey,omitempty"`
	Epoch     *string `json:"epoch,omitempty"`
	OutOff    *uint64 `json:"outOff,omitempty"`
	Cols      uint16  `json:"cols"`
	Rows      uint16  `json:"rows"`
	Mode      string  `json:"mode"`
	Takeover  bool    `json:"takeover,omitempty"`
	Lossless  bool    `json:"lossless,omitempty"`
	JTI       *string `json:"jti,omitempty"`
	Owner     *string `json:"owner,omitempty"`
}

// In carries typed bytes at the client's own offset (I1).
type In struct {
	Lease uint32
	Off   uint64
	Bytes []byte
}

// Ack says that every output byte before OutOff has been parsed (C1).
type Ack struct{ OutOff uint64 }

// Resize asks for another size (S1).
type Resize struct{ Cols, Rows uint16 }

// KeepAlive restarts the idle clock (T1).
type KeepAlive struct{}

// Detach ends the attachment (T6).
type Detach struct{}

// Welcome answers Hello (O2).
type Welcome struct {
	Version uint16  `json:"version"`
	Epoch   *string `json:"epoch,omitempty"`
	Server  Agent   `json:"server"`
}

// Attached answers Attach.
type Attached struct {
	ClientID       string  `json:"clientId"`
	Lease          uint32  `json:"lease"`
	Epoch          string  `json:"epoch"`
	Resume         string  `json:"resume"`
	From           uint64  `json:"from"`
	Head           uint64  `json:"head"`
	InOff          uint64  `json:"inOff"`
	Cols           uint16  `json:"cols"`
	Rows           uint16  `json:"rows"`
	IdleTimeoutMs  *uint64 `json:"idleTimeoutMs,omitempty"`
	IdleDeadlineMs *uint64 `json:"idleDeadlineMs,omitempty"`
}

// Out carries printed bytes (P1).
type Out struct {
	Off   uint64
	Bytes []byte
}

// InAck says that every input byte before InOff has been written to the pty (I2).
type InAck struct{ InOff uint64 }

// Event tells a client something beside the output; which fields count depends on Kind.
type Event struct {
	Kind           string  `json:"kind"`
	Off            *uint64 `json:"off,omitempty"`
	Cols           *uint16 `json:"cols,omitempty"`
	Rows           *uint16 `json:"rows,omitempty"`
	Lease          *uint32 `json:"lease,omitempty"`
	By             *string `json:"by,omitempty"`
	From           *uint64 `json:"from,omitempty"`
	RemainingMs    *uint64 `json:"remainingMs,omitempty"`
	IdleDeadlineMs *uint64 `json:"idleDeadlineMs,omitempty"`
}

// Exit is the last word of a session (T3, T4).
type Exit struct {
	Reason   string `json:"reason"`
	ExitCode *uint8 `json:"exitCode,omitempty"`
	OutHead  uint64 `json:"outHead"`
}

// Gap says that the bytes From…To are gone (P5).
type Gap struct{ From, To uint64 }

// Error says why the connection closes (F8).
type Error struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Ping asks for a Pong with the same number (T5).
type Ping struct{ Opaque uint64 }

// Pong answers Ping.
type Pong struct{ Opaque uint64 }

func (Hello) Type() Type     { return TypeHello }
func (Attach) Type() Type    { return TypeAttach }
func (In) Type() Type        { return TypeIn }
func (Ack) Type() Type       { return TypeAck }
func (Resize) Type() Type    { return TypeResize }
func (KeepAlive) Type() Type { return TypeKeepAlive }
func (Detach) Type() Type    { return TypeDetach }
func (Welcome) Type() Type   { return TypeWelcome }
func (Attached) Type() Type  { return TypeAttached }
func (Out) Type() Type       { return TypeOut }
func (InAck) Type() Type     { return TypeInAck }
func (Event) Type() Type     { return TypeEvent }
func (Exit) Type() Type      { return TypeExit }
func (Gap) Type() Type       { return TypeGap }
func (Error) Type() Type     { return TypeError }
func (Ping) Type() Type      { return TypePing }
func (Pong) Type() Type      { return TypePong }
