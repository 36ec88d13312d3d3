package scheduler

import (
	"testing"

	"pgregory.net/rapid"
)

// next of a map, the long way.
func leastFrom(members map[int]bool, i, size int) int {
	for ; i < size; i++ {
		if members[i] {
			return i
		}
	}
	return -1
}

func TestBitmap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.SampledFrom([]int{0, 1, 63, 64, 65, 4096, 4097, 300_000}).Draw(t, "size")
		s, members := newBitmap(size), map[int]bool{}
		if s.next(0) != -1 {
			t.Fatal("a new bitmap is not empty")
		}
		if size == 0 {
			return
		}
		at := rapid.IntRange(0, size-1)
		for range rapid.IntRange(0, 200).Draw(t, "steps") {
			switch i := at.Draw(t, "i"); rapid.IntRange(0, 2).Draw(t, "what") {
			case 0:
				if s.add(i) == members[i] {
					t.Fatalf("add(%d) with %v", i, members)
				}
				members[i] = true
			case 1:
				if s.remove(i) != members[i] {
					t.Fatalf("remove(%d) with %v", i, members)
				}
				delete(members, i)
			case 2:
				if got, want := s.next(i), leastFrom(members, i, size); got != want || s.has(i) != members[i] {
					t.Fatalf("next(%d) is %d, want %d", i, got, want)
				}
			}
		}
	})
}

func TestBitmapNextBeyondTheEnd(t *testing.T) {
	for _, size := range []int{64, 65, 4096} {
		s := newBitmap(size)
		s.add(size - 1)
		if got := s.next(size); got != -1 {
			t.Errorf("next(%d) of a bitmap of %d is %d", size, size, got)
		}
		if got := s.next(0); got != size-1 {
			t.Errorf("next(0) is %d", got)
		}
	}
}
