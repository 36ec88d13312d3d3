package scheduler

import (
	"math/bits"
	"slices"
)

// A bitmap holds numbers below a fixed size as a tree of 64-bit words: a bit on an
// upper level says that the word below it is not empty. Adding, removing and
// finding the next member cost O(log64 size), an eighth of a byte per number.
type bitmap struct {
	levels [][]uint64
}

// newBitmap returns an empty bitmap for the numbers below size.
func newBitmap(size int) bitmap {
	var b bitmap
	for {
		words := max((size+63)/64, 1)
		b.levels = append(b.levels, make([]uint64, words))
		if words == 1 {
			return b
		}
		size = words
	}
}

func (b *bitmap) clone() (c bitmap) {
	for _, level := range b.levels {
		c.levels = append(c.levels, slices.Clone(level))
	}
	return c
}

func (b *bitmap) has(i int) bool { return b.levels[0][i>>6]&(1<<(i&63)) != 0 }

// add reports whether i was not in it before.
func (b *bitmap) add(i int) bool {
	if b.has(i) {
		return false
	}
	for _, level := range b.levels {
		word := &level[i>>6]
		was := *word
		*word |= 1 << (i & 63)
		if was != 0 {
			break // the levels above already know
		}
		i >>= 6
	}
	return true
}

// remove reports whether i was in it.
func (b *bitmap) remove(i int) bool {
	if !b.has(i) {
		return false
	}
	for _, level := range b.levels {
		word := &level[i>>6]
		*word &^= 1 << (i & 63)
		if *word != 0 {
			break
		}
		i >>= 6
	}
	return true
}

// next returns the least member that is not less than i, or -1.
func (b *bitmap) next(i int) int {
	for l := 0; l < len(b.levels); l++ {
		at := i >> 6
		if at >= len(b.levels[l]) {
			return -1
		}
		if word := b.levels[l][at] >> (i & 63); word != 0 {
			i += bits.TrailingZeros64(word)
			// Down again, along the least bit of each word.
			for l--; l >= 0; l-- {
				i = i<<6 + bits.TrailingZeros64(b.levels[l][i])
			}
			return i
		}
		i = at + 1 // nothing more below this word: go on above, behind it
	}
	return -1
}
