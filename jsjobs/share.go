package jsjobs

import "renderfarm/farm"

// A sharer makes pieces of texts that differ little: of each kind it keeps one
// text, and describes others by what they have in common with its beginning
// and end. Two sharers that are given the same texts keep the same.
type sharer struct{ kept map[string]string }

func newSharer() *sharer { return &sharer{map[string]string{}} }

// maxKept bounds the kinds of which a text is kept.
const maxKept = 100

// split makes pieces of a text of a kind. head and tail are how many bytes it
// has in common with the text that is kept; none means that it has too little,
// and is kept from now on.
func (s *sharer) split(kind string, text []byte) (pieces farm.Encoded, head, tail int) {
	kept := s.kept[kind]
	most := min(len(kept), len(text))
	for head < most && kept[head] == text[head] {
		head++
	}
	for tail < most-head && kept[len(kept)-1-tail] == text[len(text)-1-tail] {
		tail++
	}
	if head == 0 || head+tail < len(text)/2 {
		return s.keep(kind, string(text)), 0, 0
	}
	return s.join(kind, head, tail, string(text[head:len(text)-tail])), head, tail
}

// keep takes a text to compare others with.
func (s *sharer) keep(kind, text string) farm.Encoded {
	if _, ok := s.kept[kind]; ok || len(s.kept) < maxKept {
		s.kept[kind] = text
	}
	return farm.Encoded{text}
}

// join is what split returned for a text, made from the rest of its results.
// The text that is kept must be as long as they say.
func (s *sharer) join(kind string, head, tail int, middle string) farm.Encoded {
	kept := s.kept[kind]
	return farm.Encoded{kept[:head], middle, kept[len(kept)-tail:]}
}
