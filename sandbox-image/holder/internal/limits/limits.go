// Package limits holds every bound of the holder, with its unit and reason.
//
// The first block mirrors protocol/vectors/limits.json; a test fails on a difference. The rest is the holder's own.
package limits

import "time"

// Bounds of cpc.v1. The names in capitals are those of protocol/SPEC.md.
const (
	FrameHeaderBytes = 4                // FRAME_HEADER_BYTES
	FrameBytesMax    = 64<<10 + 4       // FRAME_BYTES_MAX
	JSONBytesMax     = 16 << 10         // JSON_BYTES_MAX
	OffsetMax        = 1<<53 - 1        // OFFSET_MAX
	HelloTimeout     = 5 * time.Second  // HELLO_TIMEOUT_MS
	TicketIDsMax     = 1024             // JTI_COUNT_MAX
	TicketTTL        = 60 * time.Second // TICKET_TTL_MS
	ClientsMax       = 16               // CLIENTS_MAX
	ClientTTL        = 10 * time.Minute // CLIENT_TTL_MS
	LeaseGrace       = 60 * time.Second // LEASE_GRACE_MS
	RingBytes        = 1 << 20          // RING_BYTES
	LosslessHold     = 10 * time.Second // LOSSLESS_HOLD_MS
	OutBytesMax      = 32 << 10         // OUT_BYTES_MAX
	InputWindowBytes = 64 << 10         // INPUT_WINDOW_BYTES
	InBytesMax       = 32 << 10         // IN_BYTES_MAX
	ColsMax          = 1000             // COLS_MAX
	RowsMax          = 500              // ROWS_MAX
	EventQueueMax    = 256              // EVENT_QUEUE_MAX
	IdleWarningMax   = 60 * time.Second // IDLE_WARNING_MS_MAX
)

// Bounds of the stream inside the holder.
const (
	// BatchBytesMax bounds one gathered read of the pty and one write to an attachment: a pipe holds as much.
	BatchBytesMax = 64 << 10
	// InputChunkBytes is written to the pty at once: what its line discipline takes in one go.
	InputChunkBytes = 4 << 10
	// InputRetry is how long a full pty is left alone before a write is tried again, in case a wake-up got lost.
	InputRetry = 250 * time.Millisecond
)

// Bounds of the holder's sockets.
const (
	// AttachPeersMax is the number of attach processes at a time: every client, and a few that replace their own ghost
	// or wait for a session (a kept-open exec of an unclaimed pod).
	AttachPeersMax = ClientsMax + 4
	// PeersMax is the number of connections to the attach socket at a time: there is always room for `status` and `end`.
	PeersMax = AttachPeersMax + 4
	// SocketMessageBytesMax bounds a message on either Unix socket.
	SocketMessageBytesMax = 4 << 10
	// AcceptPause keeps a failing accept from spinning.
	AcceptPause = 100 * time.Millisecond
	// CloseFlush is how long the last frames of a closing attachment may take.
	CloseFlush = time.Second
)

// Bounds of beginning and ending.
const (
	// InitWait is how long the holder waits for the shell's init, and the init for the holder: slow image pulls included.
	InitWait = 2 * time.Minute
	// DialPause lies between two tries of the init to reach the holder.
	DialPause = 20 * time.Millisecond
	// InitLeave lies between the holder's end and the init's, so that the kubelet sees them in this order.
	InitLeave = 500 * time.Millisecond
	// HangupGrace is what processes get between SIGHUP and SIGKILL, a shell's own clean-up.
	HangupGrace = 700 * time.Millisecond
	// HangupWait is how long the holder waits for the init's report: HangupGrace and the reaping.
	HangupWait = 1500 * time.Millisecond
	// DrainMax is how long the last output may take to arrive, a lossless client that still reads included.
	DrainMax = 15 * time.Second
	// FlushMax is how long clients may take to fetch the last output and EXIT.
	FlushMax = 5 * time.Second
	// TermDrainMax and TermFlushMax replace both under SIGTERM: with HangupWait they stay within a grace period of 5 s.
	TermDrainMax = 500 * time.Millisecond
	TermFlushMax = time.Second
	// LeaveMax is how long attach and end processes may take to exit before the container does.
	LeaveMax = 500 * time.Millisecond
	// TerminationBytesMax is the kubelet's own bound for a termination message.
	TerminationBytesMax = 4 << 10
)

// Bounds of the claim.
const (
	// ClaimBytesMax bounds the claim file.
	ClaimBytesMax = 16 << 10
	// ClaimPoll is the slow look at the claim file beside inotify, for file systems that do not notify.
	ClaimPoll = time.Second
	// IdleTimeoutMax bounds a claim's idle time-out.
	IdleTimeoutMax = 7 * 24 * time.Hour
)

// Memory of the Go runtime: the ring, 24 peers with their buffers and the program itself stay well below.
const (
	HolderMemoryBytes = 24 << 20
	GCPercent         = 50
)
