package jsjobs

import (
	"testing"

	"pgregory.net/rapid"
)

// Whatever the texts are, the pieces are them, here and where only the pieces
// that differ arrive.
func TestSharer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := newSharer(), newSharer()
		for range rapid.IntRange(1, 50).Draw(t, "texts") {
			kind := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "kind")
			text := "{" + rapid.StringOfN(rapid.SampledFrom([]rune("abcé")), 0, 20, -1).Draw(t, "text") + "}"
			pieces, head, tail := a.split(kind, []byte(text))
			if got := string(pieces.Append(nil)); got != text || pieces[0] == "" {
				t.Fatalf("%q becomes %q", text, pieces)
			}
			if head == 0 {
				pieces = b.keep(kind, pieces[0])
			} else {
				pieces = b.join(kind, head, tail, pieces[1])
			}
			if got := string(pieces.Append(nil)); got != text {
				t.Fatalf("%q arrives as %q", text, pieces)
			}
		}
	})
}

func TestSharerKeepsFewKinds(t *testing.T) {
	s := newSharer()
	for i := range 2 * maxKept {
		s.split(string(rune('a'+i)), []byte("{text}"))
	}
	if len(s.kept) != maxKept {
		t.Errorf("%d texts are kept", len(s.kept))
	}
}
