package wire

import (
	"encoding/binary"

	"pocketconsole.dev/holder/internal/limits"
)

const header = limits.FrameHeaderBytes

// fixedBytes is the length of a payload's fixed fields; a shorter payload is an error, a longer one is a later version's (F6).
var fixedBytes = map[Type]int{
	TypeHello: 0, TypeAttach: 0, TypeIn: 12, TypeAck: 8, TypeResize: 4, TypeKeepAlive: 0, TypeDetach: 0,
	TypeWelcome: 0, TypeAttached: 0, TypeOut: 8, TypeInAck: 8, TypeEvent: 0, TypeExit: 0, TypeGap: 16, TypeError: 0,
	TypePing: 8, TypePong: 8,
}

// Decode decodes one frame of either direction. The Bytes of In and Out are views into frame.
// Whatever arrives, the result is a frame or a *ProtocolError (F4, F5, F6).
func Decode(frame []byte) (Frame, error) {
	if len(frame) < header {
		return Frame{}, protocolError(BadHeader, "a frame of %d bytes has no room for its header of %d", len(frame), header)
	}
	if err := checkLength(uint32(len(frame))); err != nil {
		return Frame{}, err
	}
	kind, payload := Type(frame[0]), frame[header:]
	fixed, known := fixedBytes[kind]
	if !known {
		return Frame{}, protocolError(BadType, "no frame has type 0x%02x", frame[0])
	}
	if len(payload) < fixed {
		return Frame{}, protocolError(BadPayload, "frame 0x%02x needs %d bytes of payload and has %d", frame[0], fixed, len(payload))
	}
	body, err := decodeBody(kind, payload)
	if err != nil {
		return Frame{}, err
	}
	return Frame{Flags: frame[1], Stream: binary.BigEndian.Uint16(frame[2:]), Body: body}, nil
}

// DecodeFromClient is Decode, and refuses what only a holder sends.
func DecodeFromClient(frame []byte) (Frame, error) {
	decoded, err := Decode(frame)
	if err != nil {
		return Frame{}, err
	}
	if kind := decoded.Body.Type(); kind >= TypeWelcome && kind < TypePing {
		return Frame{}, protocolError(BadDirection, "frame 0x%02x does not travel from client to holder", uint8(kind))
	}
	return decoded, nil
}

func decodeBody(kind Type, payload []byte) (Body, error) {
	switch kind {
	case TypeIn, TypeOut:
		return decodeBytes(kind, payload)
	case TypeAck, TypeInAck, TypeGap:
		return decodeOffsets(kind, payload)
	case TypeResize:
		return Resize{Cols: binary.BigEndian.Uint16(payload), Rows: binary.BigEndian.Uint16(payload[2:])}, nil
	case TypeKeepAlive:
		return KeepAlive{}, nil
	case TypeDetach:
		return Detach{}, nil
	case TypePing:
		return Ping{Opaque: binary.BigEndian.Uint64(payload)}, nil
	case TypePong:
		return Pong{Opaque: binary.BigEndian.Uint64(payload)}, nil
	default:
		return decodeJSON(kind, payload)
	}
}

// decodeBytes decodes what carries terminal bytes behind its fixed fields (I4, P7).
func decodeBytes(kind Type, payload []byte) (Body, error) {
	var body In
	bytesMax := limits.OutBytesMax
	if kind == TypeIn {
		body.Lease = binary.BigEndian.Uint32(payload)
		payload, bytesMax = payload[4:], limits.InBytesMax
	}
	off, err := decodeOffset(payload)
	if err != nil {
		return nil, err
	}
	body.Off, body.Bytes = off, payload[8:]
	if len(body.Bytes) > bytesMax {
		return nil, protocolError(BadBytes, "a frame carries %d bytes; %d are allowed", len(body.Bytes), bytesMax)
	}
	if kind == TypeOut {
		return Out{Off: body.Off, Bytes: body.Bytes}, nil
	}
	return body, nil
}

func decodeOffsets(kind Type, payload []byte) (Body, error) {
	first, err := decodeOffset(payload)
	if err != nil {
		return nil, err
	}
	switch kind {
	case TypeAck:
		return Ack{OutOff: first}, nil
	case TypeInAck:
		return InAck{InOff: first}, nil
	default:
		second, err := decodeOffset(payload[8:])
		return Gap{From: first, To: second}, err
	}
}

func decodeOffset(payload []byte) (uint64, error) {
	off := binary.BigEndian.Uint64(payload)
	if off > limits.OffsetMax {
		return 0, protocolError(BadOffset, "an offset is larger than 2^53 - 1")
	}
	return off, nil
}

// Append appends the frame, without a length prefix.
func Append(dst []byte, frame Frame) []byte {
	dst = append(dst, byte(frame.Body.Type()), frame.Flags)
	dst = binary.BigEndian.AppendUint16(dst, frame.Stream)
	switch body := frame.Body.(type) {
	case In:
		dst = binary.BigEndian.AppendUint32(dst, body.Lease)
		return append(binary.BigEndian.AppendUint64(dst, body.Off), body.Bytes...)
	case Out:
		return append(binary.BigEndian.AppendUint64(dst, body.Off), body.Bytes...)
	case Ack:
		return binary.BigEndian.AppendUint64(dst, body.OutOff)
	case InAck:
		return binary.BigEndian.AppendUint64(dst, body.InOff)
	case Gap:
		return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(dst, body.From), body.To)
	case Resize:
		return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(dst, body.Cols), body.Rows)
	case Ping:
		return binary.BigEndian.AppendUint64(dst, body.Opaque)
	case Pong:
		return binary.BigEndian.AppendUint64(dst, body.Opaque)
	case KeepAlive, Detach:
		return dst
	default:
		return appendJSON(dst, body)
	}
}
