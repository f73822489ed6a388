package wire

import "fmt"

// Codes of ProtocolError; the vectors of bad frames name them.
const (
	BadHeader      = "truncated-header"
	BadFrameLength = "frame-too-large"
	BadType        = "unknown-type"
	BadDirection   = "wrong-direction"
	BadPayload     = "short-payload"
	BadOffset      = "offset-too-large"
	BadBytes       = "bytes-too-large"
	BadJSONLength  = "json-too-large"
	BadJSON        = "bad-json"
)

// ProtocolError says which rule of section 1 some bytes break, in words for a person.
type ProtocolError struct {
	Code    string
	Message string
}

func (e *ProtocolError) Error() string { return e.Message }

func protocolError(code, format string, args ...any) *ProtocolError {
	return &ProtocolError{Code: code, Message: fmt.Sprintf(format, args...)}
}
