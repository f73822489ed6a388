package limits

import (
	"encoding/json"
	"os"
	"testing"
	"time"
)

const vectors = "../../../../protocol/vectors/limits.json"

// ours are the constants of SPEC.md that the holder obeys; the others bind clients and gateways.
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

func ms(d time.Duration) int64 { return d.Milliseconds() }

func TestLimitsAreThoseOfTheProtocol(t *testing.T) {
	text, err := os.ReadFile(vectors)
	if err != nil {
		t.Fatalf("the protocol's limits are missing; protocol/src/generate.ts writes them: %v", err)
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
}
