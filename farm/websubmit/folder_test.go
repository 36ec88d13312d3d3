package websubmit

import (
	"fmt"
	"strings"
	"testing"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// TestFoldersTakeNoMoreThanTheyMay announces more than a job may take along, in one file
// and in all, and more files than all folders may have.
func TestFoldersTakeNoMoreThanTheyMay(t *testing.T) {
	d := newDesk(t)
	defer d.Close()
	files := []api.FolderFile{{Path: "a.blend", Size: 8}, {Path: "huge.vdb", Size: maxFile + 1}}
	var many []api.FolderFile
	for n := range maxTaken/maxFile + 1 {
		many = append(many, api.FolderFile{Path: fmt.Sprintf("cache/%d.vdb", n), Size: maxFile, SHA: strings.Repeat("a", 64)})
	}
	begun, err := d.Begin("192.0.2.1", api.SubmissionFile{Name: "a.blend", Files: append(files, many...)})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Receive(begun.ID, "huge.vdb", strings.NewReader("x")); farm.KindOf(err) != farm.TooLarge {
		t.Errorf("one file: %v", err)
	}
	if err := d.Take(t.Context(), begun.ID, many); farm.KindOf(err) != farm.TooLarge {
		t.Errorf("all files: %v", err)
	}
	full := &submission{id: "full", client: "192.0.2.2", count: maxAllFiles}
	if err := d.add(full); farm.KindOf(err) != farm.Busy {
		t.Errorf("more files than all may have: %v", err)
	}
}

// TestBrokenOffFileIsEmptyAgain sends a part of a texture: it counts as not sent, and its
// name is still there to be found.
func TestBrokenOffFileIsEmptyAgain(t *testing.T) {
	d := newDesk(t)
	defer d.Close()
	begun, err := d.Begin("192.0.2.1", api.SubmissionFile{Name: "shots/a.blend", Files: []api.FolderFile{{Path: "shots/a.blend", Size: 8}, {Path: "maps/b.png", Size: 4}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, content := range []string{"123", "12345", "1234"} {
		err := d.Receive(begun.ID, "maps/b.png", strings.NewReader(content))
		if whole := len(content) == 4; whole != (err == nil) || !whole && farm.KindOf(err) != farm.Mismatch {
			t.Errorf("%q: %v", content, err)
		}
		s, done, err := d.use(begun.ID)
		if err != nil {
			t.Fatal(err)
		}
		if f := s.files["maps/b.png"]; f.here != (len(content) == 4) {
			t.Errorf("%q is here: %t", content, f.here)
		}
		done()
	}
}
