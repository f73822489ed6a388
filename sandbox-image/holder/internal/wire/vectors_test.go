package wire

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"strconv"
	"testing"
)

const vectors = "../../../../protocol/vectors/"

type vector struct {
	Name  string
	Hex   string
	Error string
	Frame struct {
		Type          string
		Flags         uint8
		Stream        uint16
		Body          json.RawMessage
		Lease         uint32
		Off           uint64
		OutOff, InOff uint64
		From, To      uint64
		Cols, Rows    uint16
		Bytes, Opaque string
	}
}

func readVectors(t *testing.T, file string) []vector {
	t.Helper()
	text, err := os.ReadFile(vectors + file)
	if err != nil {
		t.Fatalf("the protocol's vectors are missing; its generator writes them: %v", err)
	}
	var all []vector
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	if len(all) < 10 {
		t.Fatalf("%s holds only %d vectors", file, len(all))
	}
	return all
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// wanted builds the body that a vector describes.
func wanted(t *testing.T, v vector) Body {
	t.Helper()
	f := v.Frame
	opaque := func() uint64 {
		n, err := strconv.ParseUint(f.Opaque, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	switch f.Type {
	case "IN":
		return In{Lease: f.Lease, Off: f.Off, Bytes: unhex(t, f.Bytes)}
	case "OUT":
		return Out{Off: f.Off, Bytes: unhex(t, f.Bytes)}
	case "ACK":
		return Ack{OutOff: f.OutOff}
	case "IN_ACK":
		return InAck{InOff: f.InOff}
	case "GAP":
		return Gap{From: f.From, To: f.To}
	case "RESIZE":
		return Resize{Cols: f.Cols, Rows: f.Rows}
	case "KEEP_ALIVE":
		return KeepAlive{}
	case "DETACH":
		return Detach{}
	case "PING":
		return Ping{Opaque: opaque()}
	case "PONG":
		return Pong{Opaque: opaque()}
	default:
		return wantedJSON(t, f.Type, f.Body)
	}
}

// wantedJSON decodes a vector's body by Go's own rules, which knows nothing of our schema reader.
func wantedJSON(t *testing.T, kind string, body json.RawMessage) Body {
	t.Helper()
	into := map[string]any{
		"HELLO": &Hello{}, "ATTACH": &Attach{}, "WELCOME": &Welcome{}, "ATTACHED": &Attached{}, "EVENT": &Event{},
		"EXIT": &Exit{}, "ERROR": &Error{},
	}[kind]
	if into == nil {
		t.Fatalf("the vectors know a frame type %q and the holder does not", kind)
	}
	if err := json.Unmarshal(body, into); err != nil {
		t.Fatal(err)
	}
	decoded := reflect.ValueOf(into).Elem().Interface().(Body)
	if event, ok := decoded.(Event); ok && event.Kind == "unknown" {
		var unknown struct{ Name string }
		if err := json.Unmarshal(body, &unknown); err != nil {
			t.Fatal(err)
		}
		return Event{Kind: unknown.Name}
	}
	return decoded
}

func TestVectorsDecode(t *testing.T) {
	for _, v := range readVectors(t, "frames.json") {
		t.Run("[F1] "+v.Name, func(t *testing.T) {
			got, err := Decode(unhex(t, v.Hex))
			if err != nil {
				t.Fatal(err)
			}
			want := Frame{Flags: v.Frame.Flags, Stream: v.Frame.Stream, Body: wanted(t, v)}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
			again, err := Decode(Append(nil, got))
			if err != nil || !reflect.DeepEqual(again, got) {
				t.Errorf("encoded and decoded again: %+v (%v)", again, err)
			}
		})
	}
}

// Binary frames have one spelling, so those without extra bytes must come out as they went in.
func TestVectorsEncode(t *testing.T) {
	for _, v := range readVectors(t, "frames.json") {
		raw := unhex(t, v.Hex)
		decoded, err := Decode(raw)
		if err != nil || v.Frame.Body != nil || len(raw) > len(Append(nil, decoded)) {
			continue
		}
		if got := Append(nil, decoded); !bytes.Equal(got, raw) {
			t.Errorf("[F1] %s: encoded %x, want %x", v.Name, got, raw)
		}
	}
}

func TestBadVectorsAreRefused(t *testing.T) {
	for _, v := range readVectors(t, "bad-frames.json") {
		t.Run("[F6] "+v.Name, func(t *testing.T) {
			frame, err := Decode(unhex(t, v.Hex))
			var protocol *ProtocolError
			if !errors.As(err, &protocol) {
				t.Fatalf("want a protocol error, got %+v (%v)", frame, err)
			}
			if protocol.Code != v.Error {
				t.Errorf("code %q, want %q: %s", protocol.Code, v.Error, protocol.Message)
			}
		})
	}
}
