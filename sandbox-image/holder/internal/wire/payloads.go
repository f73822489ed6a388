package wire

import (
	"bytes"
	"encoding/json"
	"math"

	"pocketconsole.dev/holder/internal/limits"
	"pocketconsole.dev/holder/internal/strictjson"
)

// Bounds of JSON fields, as in protocol/src/payloads.ts.
const (
	nameChars    = 64
	ticketChars  = 8192
	jtiChars     = 128
	ownerChars   = 256
	messageChars = 1024
)

// decodeJSON decodes a JSON payload against its schema; unknown fields are ignored (F6).
func decodeJSON(kind Type, payload []byte) (Body, error) {
	if len(payload) > limits.JSONBytesMax {
		return nil, protocolError(BadJSONLength, "a JSON payload is %d bytes long; %d are allowed", len(payload), limits.JSONBytesMax)
	}
	o := strictjson.Parse(payload)
	body := decodeObject(kind, o)
	if err := o.Err(); err != nil {
		return nil, protocolError(BadJSON, "the payload of frame 0x%02x: %v", uint8(kind), err)
	}
	return body, nil
}

func decodeObject(kind Type, o *strictjson.Object) Body {
	switch kind {
	case TypeHello:
		return decodeHello(o)
	case TypeAttach:
		return decodeAttach(o)
	case TypeWelcome:
		return Welcome{
			Version: uint16(o.Integer("version", 1, math.MaxUint16)),
			Epoch:   o.OptionalText("epoch", 1, nameChars),
			Server:  decodeAgent(o, "server"),
		}
	case TypeAttached:
		return decodeAttached(o)
	case TypeEvent:
		return decodeEvent(o)
	case TypeExit:
		return decodeExit(o)
	default:
		return Error{Code: o.Text("code", 1, nameChars), Message: o.Text("message", 0, messageChars)}
	}
}

func decodeAgent(o *strictjson.Object, name string) Agent {
	inner := o.Object(name)
	agent := Agent{Name: inner.Text("name", 1, nameChars), Version: inner.Text("version", 1, nameChars)}
	o.Adopt(name, inner)
	return agent
}

func decodeHello(o *strictjson.Object) Hello {
	versions := o.Pair("versions", 1, math.MaxUint16)
	if versions[0] > versions[1] {
		o.Fail("versions: the range is upside down")
	}
	return Hello{
		Versions: [2]uint16{uint16(versions[0]), uint16(versions[1])},
		Client:   decodeAgent(o, "client"),
		Ticket:   o.OptionalText("ticket", 1, ticketChars),
	}
}

func decodeAttach(o *strictjson.Object) Attach {
	return Attach{
		ClientID:  o.OptionalText("clientId", 1, nameChars),
		ClientKey: o.OptionalText("clientKey", 1, nameChars),
		Epoch:     o.OptionalText("epoch", 1, nameChars),
		OutOff:    o.OptionalInteger("outOff", 0, limits.OffsetMax),
		Cols:      uint16(o.Integer("cols", 0, math.MaxUint16)),
		Rows:      uint16(o.Integer("rows", 0, math.MaxUint16)),
		Mode:      o.OneOf("mode", ModeControl, ModeView),
		Takeover:  o.OptionalBool("takeover"),
		Lossless:  o.OptionalBool("lossless"),
		JTI:       o.OptionalText("jti", 1, jtiChars),
		Owner:     o.OptionalText("owner", 1, ownerChars),
	}
}

func decodeAttached(o *strictjson.Object) Attached {
	return Attached{
		ClientID:       o.Text("clientId", 1, nameChars),
		Lease:          uint32(o.Integer("lease", 0, math.MaxUint32)),
		Epoch:          o.Text("epoch", 1, nameChars),
		Resume:         o.OneOf("resume", ResumeDelta, ResumeGap),
		From:           o.Integer("from", 0, limits.OffsetMax),
		Head:           o.Integer("head", 0, limits.OffsetMax),
		InOff:          o.Integer("inOff", 0, limits.OffsetMax),
		Cols:           uint16(o.Integer("cols", 0, math.MaxUint16)),
		Rows:           uint16(o.Integer("rows", 0, math.MaxUint16)),
		IdleTimeoutMs:  o.OptionalInteger("idleTimeoutMs", 0, limits.OffsetMax),
		IdleDeadlineMs: o.OptionalInteger("idleDeadlineMs", 0, limits.OffsetMax),
	}
}

// decodeEvent decodes the fields that belong to the kind; a kind of a later version has none we know (E1).
func decodeEvent(o *strictjson.Object) Event {
	event := Event{Kind: o.Text("kind", 1, nameChars)}
	switch event.Kind {
	case EventResized:
		event.Off = needed[uint64](o, "off", limits.OffsetMax)
		event.Cols, event.Rows = needed[uint16](o, "cols", math.MaxUint16), needed[uint16](o, "rows", math.MaxUint16)
	case EventLease:
		event.Lease, event.By = needed[uint32](o, "lease", math.MaxUint32), o.OptionalText("by", 0, ownerChars)
	case EventInputRefused:
		event.Lease = needed[uint32](o, "lease", math.MaxUint32)
		event.From = needed[uint64](o, "from", limits.OffsetMax)
	case EventIdleWarning:
		event.RemainingMs = needed[uint64](o, "remainingMs", limits.OffsetMax)
	case EventIdleReset:
		event.IdleDeadlineMs = needed[uint64](o, "idleDeadlineMs", limits.OffsetMax)
	}
	return event
}

func needed[T uint16 | uint32 | uint64](o *strictjson.Object, name string, max uint64) *T {
	value := T(o.Integer(name, 0, max))
	return &value
}

func decodeExit(o *strictjson.Object) Exit {
	exit := Exit{
		Reason:  o.OneOf("reason", ReasonExited, ReasonIdle, ReasonEnded),
		OutHead: o.Integer("outHead", 0, limits.OffsetMax),
	}
	if code := o.OptionalInteger("exitCode", 0, math.MaxUint8); code != nil {
		narrowed := uint8(*code)
		exit.ExitCode = &narrowed
	}
	return exit
}

// appendJSON appends a JSON payload. Bodies hold nothing that cannot be encoded.
func appendJSON(dst []byte, body Body) []byte {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		panic("wire: a body that is not JSON: " + err.Error())
	}
	return append(dst, bytes.TrimSuffix(text.Bytes(), []byte("\n"))...)
}
