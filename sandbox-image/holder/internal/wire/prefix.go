package wire

import (
	"bufio"
	"encoding/binary"
	"io"

	"pocketconsole.dev/holder/internal/limits"
)

// PrefixBytes is the length of the u32 in front of each frame on leg 2 (F3).
const PrefixBytes = 4

// AppendPrefixed appends the frame behind its length prefix.
func AppendPrefixed(dst []byte, frame Frame) []byte {
	at := len(dst)
	dst = Append(append(dst, 0, 0, 0, 0), frame)
	binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at-PrefixBytes))
	return dst
}

// AppendOutHead appends all of a prefixed OUT but its n bytes, which the caller appends: they are copied only once.
func AppendOutHead(dst []byte, off uint64, n int) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(header+8+n))
	dst = append(dst, byte(TypeOut), 0, 0, StreamShell)
	return binary.BigEndian.AppendUint64(dst, off)
}

// ReadPrefixed reads one frame, still encoded, into buf, which grows as needed and is returned for the next call.
// A frame is refused by its declared length before any of it is read (F5). The error is io.EOF between two frames,
// io.ErrUnexpectedEOF within one, or a *ProtocolError.
func ReadPrefixed(r *bufio.Reader, buf []byte) ([]byte, error) {
	var prefix [PrefixBytes]byte
	if _, err := io.ReadFull(r, prefix[:]); err != nil {
		return buf, err
	}
	n := binary.BigEndian.Uint32(prefix[:])
	if err := checkLength(n); err != nil {
		return buf, err
	}
	if cap(buf) < int(n) {
		buf = make([]byte, n)
	}
	buf = buf[:n]
	if _, err := io.ReadFull(r, buf); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return buf, err
	}
	return buf, nil
}

func checkLength(n uint32) error {
	if n > limits.FrameBytesMax {
		return protocolError(BadFrameLength, "a frame is %d bytes long; %d are allowed", n, limits.FrameBytesMax)
	}
	if n < header {
		return protocolError(BadHeader, "a frame of %d bytes has no room for its header of %d", n, header)
	}
	return nil
}
