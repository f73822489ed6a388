package limits

import (
	"encoding/json"
	"os"
	"testing"
	"time"
)

const vectors = "../../../../protocol/vectors/limits.json"

// ours are the constants of SPEC.md that the holder obeys.
var ours = map[string]int64{
	"FRAME_HEADER_BYTES":  FrameHeaderBytes,
	"FRAME_BYTES_MAX":     FrameBytesMax,
	"JSON_BYTES_MAX":      JSONBytesMax,
	"OFFSET_MAX":          OffsetMax,
	"HELLO_TIMEOUT_MS":    ms(HelloTimeout),
	"JTI_COUNT_MAX":       TicketIDsMax,
	"TICKET_TTL_MS":       ms(TicketTTL),
	"CLIENTS_MAX":         ClientsMax,
	"CLIENT_TTL_MS":       ms(ClientTTL),
	"RING_BYTES":          RingBytes,
	"LOSSLESS_HOLD_MS":    ms(LosslessHold),
	"OUT_BYTES_MAX":       OutBytesMax,
	"INPUT_WINDOW_BYTES":  InputWindowBytes,
	"IN_BYTES_MAX":        InBytesMax,
	"COLS_MAX":            ColsMax,
	"ROWS_MAX":            RowsMax,
	"EVENT_QUEUE_MAX":     EventQueueMax,
	"IDLE_WARNING_MS_MAX": ms(IdleWarningMax),
}

// others are for clients and gateways only.
var others = map[string]bool{
	"ACK_BYTES": true, "ACK_DELAY_MS": true, "WINDOW_BYTES_MIN": true, "WINDOW_BYTES_MAX": true, "WINDOW_MS": true,
	"STALL_TIMEOUT_MS": true, "PING_INTERVAL_MS": true, "PONG_TIMEOUT_MS": true, "CLOSE_REASON_BYTES_MAX": true,
	"BACKOFF_MS_MIN": true, "BACKOFF_MS_BASE": true, "BACKOFF_MS_MAX": true, "STABLE_MS": true,
	"RESTART_JITTER_MS_MAX": true,
}

func ms(d time.Duration) int64 { return d.Milliseconds() }

func TestLimitsAreThoseOfTheProtocol(t *testing.T) {
	text, err := os.ReadFile(vectors)
	if err != nil {
		t.Fatalf("the protocol's limits are missing; `pnpm build` in protocol/ writes them: %v", err)
	}
	var theirs map[string]int64
	if err := json.Unmarshal(text, &theirs); err != nil {
		t.Fatal(err)
	}
	for name, value := range ours {
		if got, there := theirs[name]; !there || got != value {
			t.Errorf("%s: the holder has %d, the protocol %d (there: %v)", name, value, got, there)
		}
	}
	for name := range theirs {
		if _, known := ours[name]; !known && !others[name] {
			t.Errorf("%s is new in the protocol: add it to the holder, or to the list of those that are not its business", name)
		}
	}
}
