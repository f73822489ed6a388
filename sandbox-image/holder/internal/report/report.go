// Package report gives the shapes in which the holder tells others about itself. Pure.
package report

import (
	"encoding/json"
	"time"

	"pocketconsole.dev/holder/internal/session"
)

// Status is the one line of `holder status`.
type Status struct {
	Version        string             `json:"version"`
	Protocol       [2]int             `json:"protocol"`
	Epoch          string             `json:"epoch"`
	Shell          session.ShellState `json:"shell"`
	Claimed        bool               `json:"claimed"`
	IdleDeadlineMs *int64             `json:"idleDeadlineMs"` // milliseconds left; null before the claim
	OutHead        uint64             `json:"outHead"`
	Clients        int                `json:"clients"`
}

// NewStatus fills a Status.
func NewStatus(version, epoch string, now session.Status) Status {
	status := Status{
		Version: version, Protocol: [2]int{session.ProtocolVersion, session.ProtocolVersion}, Epoch: epoch,
		Shell: now.Shell, Claimed: now.Claimed, OutHead: now.OutHead, Clients: now.Clients,
	}
	if now.Claimed {
		left := now.IdleLeft.Milliseconds()
		status.IdleDeadlineMs = &left
	}
	return status
}

// Termination is the holder's last word to the kubelet.
type Termination struct {
	Reason           string  `json:"reason"` // Exited, Idle or Ended
	ExitCode         uint8   `json:"exitCode"`
	LastInputAt      *string `json:"lastInputAt"` // RFC 3339, or null if nobody ever typed
	OutputBytes      uint64  `json:"outputBytes"`
	UnfetchedRecords int     `json:"unfetchedRecords"`
}

// NewTermination fills a Termination; started is the wall-clock time of monotonic 0.
func NewTermination(reason string, exitCode uint8, started time.Time, last session.Status) Termination {
	termination := Termination{Reason: reason, ExitCode: exitCode, OutputBytes: last.OutHead}
	if last.LastInputAt != nil {
		at := started.Add(*last.LastInputAt).UTC().Format(time.RFC3339)
		termination.LastInputAt = &at
	}
	return termination
}

// JSON encodes a report on one line, without a newline.
func JSON(report any) []byte {
	text, err := json.Marshal(report)
	if err != nil {
		panic("report: a report that is not JSON: " + err.Error())
	}
	return text
}
