package wire

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand"
	"strings"
	"testing"

	"pocketconsole.dev/holder/internal/limits"
)

func TestLengthIsRefusedBeforeReading(t *testing.T) {
	for _, length := range []uint32{limits.FrameBytesMax + 1, 100 << 20, 1<<32 - 1, 3, 0} {
		r := bufio.NewReader(bytes.NewReader(binary.BigEndian.AppendUint32(nil, length)))
		buf, err := ReadPrefixed(r, nil)
		var protocol *ProtocolError
		if !errors.As(err, &protocol) || buf != nil {
			t.Errorf("[F5] declared length %d: %v, buffer of %d bytes", length, err, cap(buf))
		}
	}
}

func TestFrameCutAnywhere(t *testing.T) {
	whole := AppendPrefixed(nil, Frame{Body: In{Lease: 1, Off: 2, Bytes: []byte("three")}})
	for cut := 1; cut < len(whole); cut++ {
		_, err := ReadPrefixed(bufio.NewReader(bytes.NewReader(whole[:cut])), nil)
		if err != io.ErrUnexpectedEOF {
			t.Errorf("[F3] cut at %d: %v", cut, err)
		}
	}
	if _, err := ReadPrefixed(bufio.NewReader(strings.NewReader("")), nil); err != io.EOF {
		t.Errorf("[F3] an end between frames: %v", err)
	}
}

func TestOutHeadIsAnOut(t *testing.T) {
	data := []byte("some output")
	want := AppendPrefixed(nil, Frame{Body: Out{Off: 77, Bytes: data}})
	got := append(AppendOutHead(nil, 77, len(data)), data...)
	if !bytes.Equal(got, want) {
		t.Errorf("[P1] got %x, want %x", got, want)
	}
}

func TestDirection(t *testing.T) {
	for _, body := range []Body{Welcome{}, Attached{}, Out{}, InAck{}, Gap{}, Exit{Reason: ReasonIdle}} {
		if _, err := DecodeFromClient(Append(nil, Frame{Body: body})); err == nil {
			t.Errorf("[F6] %T was accepted from a client", body)
		}
	}
	for _, body := range []Body{KeepAlive{}, Ping{}, Pong{}, Detach{}} {
		if _, err := DecodeFromClient(Append(nil, Frame{Body: body})); err != nil {
			t.Errorf("[F6] %T: %v", body, err)
		}
	}
}

// Whatever bytes come, decoding returns: a frame that survives being encoded again, or a protocol error.
func FuzzDecode(f *testing.F) {
	f.Add(Append(nil, Frame{Body: In{Lease: 1, Off: 2, Bytes: []byte("x")}}))
	f.Add(Append(nil, Frame{Body: Hello{Versions: [2]uint16{1, 1}, Client: Agent{"a", "b"}}}))
	f.Add([]byte("\x02\x00\x00\x00{\"cols\":1e1,\"rows\":2.0,\"mode\":\"view\"}"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		frame, err := Decode(raw)
		if err != nil {
			var protocol *ProtocolError
			if !errors.As(err, &protocol) {
				t.Fatalf("not a protocol error: %v", err)
			}
			return
		}
		if _, err := Decode(Append(nil, frame)); err != nil {
			t.Fatalf("what was decoded cannot be encoded: %v", err)
		}
	})
}

func TestRandomBytesNeverPanic(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	for range 20_000 {
		raw := make([]byte, random.Intn(64))
		random.Read(raw)
		if len(raw) > 4 && random.Intn(2) == 0 {
			raw[0] = byte(random.Intn(9))
		}
		if frame, err := Decode(raw); err == nil {
			Append(nil, frame)
		}
	}
}

func TestExactNames(t *testing.T) {
	for name, text := range map[string]string{
		"another case": `{"COLS":1,"rows":1,"mode":"view"}`,
		"null":         `{"cols":null,"rows":1,"mode":"view"}`,
		"infinity":     `{"cols":1e999,"rows":1,"mode":"view"}`,
		"bool as text": `{"cols":1,"rows":1,"mode":"view","takeover":"true"}`,
		"bool as null": `{"cols":1,"rows":1,"mode":"view","takeover":null}`,
	} {
		if frame, err := Decode(append([]byte{byte(TypeAttach), 0, 0, 0}, text...)); err == nil {
			t.Errorf("[F6] %s: accepted as %+v", name, frame)
		}
	}
	whole, err := Decode(append([]byte{byte(TypeAttach), 0, 0, 0}, `{"cols":8e1,"rows":24.0,"mode":"view"}`...))
	if err != nil || whole.Body.(Attach).Cols != 80 || whole.Body.(Attach).Rows != 24 {
		t.Errorf("[F6] integers in another spelling: %+v (%v)", whole, err)
	}
}
