// Package strictjson takes JSON objects apart field by field, exactly by name; the first complaint sticks.
// encoding/json alone would match names of another case, accept null for anything and not tell absent from zero.
package strictjson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

// IntegerMax is the largest integer that every JSON reader holds exactly: 2^53 - 1.
const IntegerMax = 1<<53 - 1

// Object is a JSON object being read. Unknown fields are ignored.
type Object struct {
	fields map[string]json.RawMessage
	err    error
}

// Parse reads one object in UTF-8; what is wrong with it is told by Err.
func Parse(text []byte) *Object {
	o := &Object{}
	switch {
	case !utf8.Valid(text):
		o.Fail("it is not UTF-8")
	case json.Unmarshal(text, &o.fields) != nil || o.fields == nil:
		o.Fail("it is not a JSON object")
	}
	return o
}

// Err is the first complaint, or nil.
func (o *Object) Err() error { return o.err }

// Fail adds a complaint.
func (o *Object) Fail(format string, args ...any) {
	if o.err == nil {
		o.err = fmt.Errorf(format, args...)
	}
}

// Has says whether a field is there, be it null.
func (o *Object) Has(name string) bool {
	_, there := o.fields[name]
	return there
}

// Integer takes an integer from low to high. 24.0 and 2.4e1 are integers to JSON, so they are here.
func (o *Object) Integer(name string, low, high uint64) uint64 {
	value, ok := integer(o.fields[name])
	if !ok || value < low || value > high {
		o.Fail("%s: an integer from %d to %d is needed", name, low, high)
		return 0
	}
	return value
}

// OptionalInteger is Integer, or nil if the field is absent.
func (o *Object) OptionalInteger(name string, low, high uint64) *uint64 {
	if !o.Has(name) {
		return nil
	}
	value := o.Integer(name, low, high)
	return &value
}

// Pair takes an array of exactly two integers from low to high.
func (o *Object) Pair(name string, low, high uint64) [2]uint64 {
	var raw []json.RawMessage
	if json.Unmarshal(o.fields[name], &raw) != nil || len(raw) != 2 {
		o.Fail("%s: a pair of integers is needed", name)
		return [2]uint64{}
	}
	var pair [2]uint64
	for i := range pair {
		value, ok := integer(raw[i])
		if !ok || value < low || value > high {
			o.Fail("%s: integers from %d to %d are needed", name, low, high)
		}
		pair[i] = value
	}
	return pair
}

// Text takes a string of low to high UTF-16 units, which is how JavaScript counts.
func (o *Object) Text(name string, low, high int) string {
	raw := bytes.TrimSpace(o.fields[name])
	var value string
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &value) != nil {
		o.Fail("%s: a string is needed", name)
		return ""
	}
	if n := utf16Length(value); n < low || n > high {
		o.Fail("%s: a string of %d to %d characters is needed", name, low, high)
	}
	return value
}

// OptionalText is Text, or nil if the field is absent.
func (o *Object) OptionalText(name string, low, high int) *string {
	if !o.Has(name) {
		return nil
	}
	value := o.Text(name, low, high)
	return &value
}

// OneOf takes one of the given strings.
func (o *Object) OneOf(name string, allowed ...string) string {
	value := o.Text(name, 0, math.MaxInt)
	if !slices.Contains(allowed, value) {
		o.Fail("%s: one of %q is needed", name, allowed)
	}
	return value
}

// Bool takes true or false.
func (o *Object) Bool(name string) bool {
	switch string(bytes.TrimSpace(o.fields[name])) {
	case "true":
		return true
	case "false":
	default:
		o.Fail("%s: true or false is needed", name)
	}
	return false
}

// OptionalBool is Bool, or false if the field is absent.
func (o *Object) OptionalBool(name string) bool {
	return o.Has(name) && o.Bool(name)
}

// Object takes an object within the object; call Adopt when its fields are read.
func (o *Object) Object(name string) *Object {
	return Parse(o.fields[name])
}

// Adopt takes over the complaint of an inner object.
func (o *Object) Adopt(name string, inner *Object) {
	if inner.err != nil {
		o.Fail("%s: %w", name, inner.err)
	}
}

func integer(raw json.RawMessage) (uint64, bool) {
	raw = bytes.TrimSpace(raw)
	if value, err := strconv.ParseUint(string(raw), 10, 64); err == nil {
		return value, true
	}
	value, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || !isNumber(raw) || value < 0 || value > IntegerMax || value != math.Trunc(value) {
		return 0, false
	}
	return uint64(value), true
}

// isNumber keeps out what ParseFloat knows and JSON does not; raw is a JSON value already.
func isNumber(raw json.RawMessage) bool {
	return len(raw) > 0 && (raw[0] == '-' || (raw[0] >= '0' && raw[0] <= '9'))
}

func utf16Length(text string) int {
	n := 0
	for _, r := range text {
		n++
		if r > math.MaxUint16 {
			n++
		}
	}
	return n
}
