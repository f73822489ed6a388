// Package claim reads what makes a pod a session's: the claim annotation, projected into a file by the kubelet.
// claim.go decides what is a claim; watch.go waits for the file.
package claim

import (
	"fmt"
	"time"

	"pocketconsole.dev/holder/internal/limits"
	"pocketconsole.dev/holder/internal/strictjson"
)

// Claim is what the holder needs to know of its session.
type Claim struct {
	SessionUID  string
	IdleTimeout time.Duration
	ClaimedAt   time.Time
	Commands    bool // command records are wanted
	Output      bool // a recording of the output is wanted
}

// uidChars bounds a uid: 36 characters in practice.
const uidChars = 64

// Parse reads a claim. Unknown fields are ignored, so that an operator may be newer than a running pod.
func Parse(text []byte) (Claim, error) {
	if len(text) > limits.ClaimBytesMax {
		return Claim{}, fmt.Errorf("the claim is longer than %d bytes", limits.ClaimBytesMax)
	}
	o := strictjson.Parse(text)
	claim := Claim{SessionUID: o.Text("sessionUid", 1, uidChars)}
	idleMsMax := uint64(limits.IdleTimeoutMax.Milliseconds())
	claim.IdleTimeout = time.Duration(o.Integer("idleTimeoutMs", 1, idleMsMax)) * time.Millisecond
	at, err := time.Parse(time.RFC3339, o.Text("claimedAt", 1, uidChars))
	if err != nil {
		o.Fail("claimedAt: a time as of RFC 3339 is needed")
	}
	claim.ClaimedAt = at
	recording := o.Object("recording")
	claim.Commands, claim.Output = recording.Bool("commands"), recording.Bool("output")
	o.Adopt("recording", recording)
	if err := o.Err(); err != nil {
		return Claim{}, fmt.Errorf("the claim is not understood: %w", err)
	}
	return claim, nil
}
