// Package ring keeps the last bytes of an endless stream by their absolute offsets. Pure: no I/O, no clock, no locks.
package ring

import "fmt"

// Ring holds the bytes from Base to Head of everything ever written to it.
type Ring struct {
	buf  []byte
	head uint64
}

// New makes a ring of the given capacity in bytes. Memory is touched only as the ring fills.
func New(capacity int) *Ring {
	return &Ring{buf: make([]byte, capacity)}
}

// Capacity is the number of bytes the ring keeps.
func (r *Ring) Capacity() int { return len(r.buf) }

// Head is the offset behind the newest byte.
func (r *Ring) Head() uint64 { return r.head }

// Base is the offset of the oldest byte that is still there.
func (r *Ring) Base() uint64 {
	if r.head < uint64(len(r.buf)) {
		return 0
	}
	return r.head - uint64(len(r.buf))
}

// Fill lets read write at most max bytes straight into the ring's memory, once, over the oldest bytes, and returns
// what read returned. read must not touch its argument beyond the bytes it reports.
func (r *Ring) Fill(max int, read func([]byte) (int, error)) (int, error) {
	at := int(r.head % uint64(len(r.buf)))
	room := r.buf[at:]
	if len(room) > max {
		room = room[:max]
	}
	n, err := read(room)
	if n > 0 {
		r.head += uint64(n)
	}
	return n, err
}

// Append appends the n bytes from offset off to dst. They must be there: Base ≤ off and off + n ≤ Head.
func (r *Ring) Append(dst []byte, off uint64, n int) []byte {
	if off < r.Base() || off+uint64(n) > r.head {
		panic(fmt.Sprintf("ring: %d bytes from %d asked, %d to %d are there", n, off, r.Base(), r.head))
	}
	at := int(off % uint64(len(r.buf)))
	first := min(n, len(r.buf)-at)
	dst = append(dst, r.buf[at:at+first]...)
	return append(dst, r.buf[:n-first]...)
}
