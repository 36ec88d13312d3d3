package worker

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A recording is what the worker has to read from one file of
// testdata/blender/VERSION, whatever the version. record.sh there makes them.
type recording struct {
	saved, skipped []string // files, without their folder
	frames         int      // that Blender says it is done with
	says           string   // part of an error; "" if there must be none
	wrong          string   // part of what makes the frames worthless, "old" if the file is newer; "" if nothing does
}

var recordings = map[string]recording{
	"still":          {saved: []string{"000002.png"}, frames: 1},
	"frames":         {saved: []string{"000001.png", "000002.png", "000003.png"}, frames: 3},
	"animation":      {saved: []string{"000001.png", "000002.png", "000003.png"}, frames: 3},
	"step":           {saved: []string{"000001.png", "000003.png"}, frames: 2},
	"negative":       {saved: []string{"-000001.png"}, frames: 1},
	"film":           {frames: 3},
	"exr":            {saved: []string{"000001.exr"}, frames: 1},
	"cycles-samples": {saved: []string{"000001.png"}, frames: 1},
	"views":          {saved: []string{"000001_L.png", "000001_R.png", "000002_L.png", "000002_R.png"}, frames: 2},
	"skip":           {saved: []string{"000001.png", "000003.png"}, skipped: []string{"000002.png"}, frames: 2},
	"skip-views":     {saved: []string{"000002_L.png", "000002_R.png"}, skipped: []string{"000001_L.png", "000001_R.png"}, frames: 1},

	"file-missing":      {says: "Cannot read file"},
	"file-damaged":      {says: "Failed to read blend file"},
	"file-format-newer": {says: "file"},
	"no-camera":         {says: "Cannot render, no camera"},
	"no-device":         {says: "Found no Cycles device"},
	"no-engine":         {says: "engine not found 'NOPE'"},
	"no-frame":          {says: "frame number must follow"},
	"unwritable":        {says: "/proc/nope", frames: 1},
	"script-error":      {says: "script failed"},
	"script-quits":      {},
	"crash":             {},
	"texture-missing":   {saved: []string{"000001.png"}, frames: 1},

	"no-scene":        {saved: []string{"000001.png"}, frames: 1, wrong: "has no scene"},
	"no-format":       {saved: []string{"000001.png"}, frames: 1, wrong: "does not know the output format"},
	"library-missing": {saved: []string{"000001.png"}, frames: 1, wrong: "the linked library"},
	"file-newer":      {saved: []string{"000001.png"}, frames: 1, wrong: "old"},
}

func TestBlenderRecordings(t *testing.T) {
	t.Parallel()
	versions, err := filepath.Glob(filepath.Join("..", "..", "testdata", "blender", "*", "still.log"))
	if err != nil || len(versions) < 3 {
		t.Fatalf("recordings of %q, %v", versions, err)
	}
	for _, still := range versions {
		dir := filepath.Dir(still)
		for name, want := range recordings {
			got, errors := readRecording(t, filepath.Join(dir, name+".log"))
			if want.wrong == "" && got.wrong != "" || !strings.Contains(got.wrong, want.wrong) {
				t.Errorf("%s/%s: wrong is %q, want %q", filepath.Base(dir), name, got.wrong, want.wrong)
			}
			if !slices.Equal(got.saved, want.saved) || !slices.Equal(got.skipped, want.skipped) || got.frames != want.frames {
				t.Errorf("%s/%s: %+v, want %+v", filepath.Base(dir), name, got, want)
			}
			if told := strings.Join(errors, "\n"); want.says != "" && !strings.Contains(told, want.says) || want.says == "" && want.saved != nil && told != "" && name != "texture-missing" {
				t.Errorf("%s/%s: the errors are %q, want %q", filepath.Base(dir), name, told, want.says)
			}
		}
	}
}

// readRecording returns what the worker reads from a recording.
func readRecording(t *testing.T, file string) (got recording, errors []string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		switch e := parseBlender(strings.TrimSuffix(line, "\n")); e.what {
		case blenderSaved:
			got.saved = append(got.saved, filepath.Base(e.text))
		case blenderSkipped:
			got.skipped = append(got.skipped, filepath.Base(e.text))
		case blenderTimed:
			got.frames++
		case blenderError, blenderUnsaved:
			errors = append(errors, e.text)
		case blenderWrong:
			got.wrong = e.text
		case blenderTooOld:
			got.wrong = "old"
		}
	}
	return got, errors
}
