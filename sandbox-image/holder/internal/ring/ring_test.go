package ring

import (
	"bytes"
	"math/rand"
	"testing"
)

// write fills the ring with all of data, in as many steps as that takes.
func write(t *testing.T, r *Ring, data []byte) {
	t.Helper()
	for len(data) > 0 {
		n, err := r.Fill(len(data), func(p []byte) (int, error) { return copy(p, data), nil })
		if err != nil || n == 0 {
			t.Fatalf("filled %d bytes: %v", n, err)
		}
		data = data[n:]
	}
}

// Whatever is written in whatever pieces, the ring gives back exactly the last bytes at their offsets.
func TestRingAgainstTheWholeStream(t *testing.T) {
	for seed := range int64(200) {
		random := rand.New(rand.NewSource(seed))
		r := New(1 + random.Intn(300))
		var all []byte
		for range 60 {
			piece := make([]byte, random.Intn(2*r.Capacity()))
			random.Read(piece)
			write(t, r, piece)
			all = append(all, piece...)
			check(t, random, r, all)
		}
	}
}

func check(t *testing.T, random *rand.Rand, r *Ring, all []byte) {
	t.Helper()
	if r.Head() != uint64(len(all)) {
		t.Fatalf("[P1] head %d of %d bytes", r.Head(), len(all))
	}
	if want := max(0, len(all)-r.Capacity()); r.Base() != uint64(want) {
		t.Fatalf("[P2] base %d, want %d", r.Base(), want)
	}
	from := int(r.Base()) + random.Intn(int(r.Head()-r.Base())+1)
	n := random.Intn(int(r.Head()) - from + 1)
	if got := r.Append([]byte("x"), uint64(from), n); !bytes.Equal(got[1:], all[from:from+n]) {
		t.Fatalf("[P2] %d bytes from %d differ", n, from)
	}
}

func TestFillTakesOnlyWhatWasRead(t *testing.T) {
	r := New(8)
	write(t, r, []byte("abcdefgh"))
	n, _ := r.Fill(4, func(p []byte) (int, error) {
		if len(p) != 4 {
			t.Fatalf("offered %d bytes of 4", len(p))
		}
		p[0] = 'i'
		return 1, nil
	})
	if got := r.Append(nil, r.Base(), 8); n != 1 || string(got) != "bcdefghi" {
		t.Errorf("[P2] got %q", got)
	}
	if n, _ := r.Fill(4, func([]byte) (int, error) { return -1, nil }); n != -1 || r.Head() != 9 {
		t.Errorf("[P2] a failed read moved the head to %d", r.Head())
	}
}

func TestAppendOutsidePanics(t *testing.T) {
	r := New(4)
	write(t, r, []byte("abcdef"))
	for _, ask := range []struct {
		off uint64
		n   int
	}{{1, 1}, {5, 2}, {7, 0}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("[P2] %d bytes from %d were given", ask.n, ask.off)
				}
			}()
			r.Append(nil, ask.off, ask.n)
		}()
	}
}
