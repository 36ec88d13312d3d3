package farm

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// TestFolderName holds the rule to the vectors that it shares with the add-on.
func TestFolderName(t *testing.T) {
	text, err := os.ReadFile("../testdata/names.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct{ Name, Folder string }
	if err := json.Unmarshal(text, &vectors); err != nil || len(vectors) < 20 {
		t.Fatal(err, len(vectors))
	}
	for _, v := range vectors {
		if got := FolderName(v.Name); got != v.Folder {
			t.Errorf("%q: %q, want %q", v.Name, got, v.Folder)
		}
	}
	if got := FolderName("a\xffb\xc3"); got != "a_b_" {
		t.Errorf("bytes that are no text become %q", got)
	}
}

// TestFolderNameHolds keeps what is promised of every name.
func TestFolderNameHolds(t *testing.T) {
	piece := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"CON", "com1", ".", " ", "..", "é", "🎬", "{x}", "LPT¹", "nul."}))
	rapid.Check(t, func(t *rapid.T) {
		name := strings.Join(rapid.SliceOfN(piece, 0, 40).Draw(t, "pieces"), "")
		got := FolderName(name)
		switch {
		case got != FolderName(got):
			t.Fatalf("%q becomes %q, and that %q", name, got, FolderName(got))
		case got == "", len(got) > maxFolderName, !utf8.ValidString(got), isDevice(got), strings.ContainsAny(got, "/\\{}[]*?%#:\x00"), strings.Trim(got, " .") != got:
			t.Fatalf("%q becomes %q", name, got)
		}
	})
}
