package worker

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"renderfarm/farm"
)

// What a command line asks for, and what is put right in it.
func TestBlenderArgs(t *testing.T) {
	cases := []struct {
		args string
		want string // requests: output and frames
		line string // what differs of the arguments; "" if nothing does
	}{
		{"-b x.blend -o /o/f### -f 1..3,7", "/o/f###: 1-3,7", ""},
		{"-b x.blend --render-output /o/ --render-frame 5", "/o/: 5", ""},
		{"-b x.blend -f 3,1,2 -f 9", ": 1-3|: 9", ""},
		{"-b x.blend -o a -f 1 -o b -f 1", "a: 1|b: 1", ""},
		{"-b x.blend -s 1 -e 7 -j 3 -a", ": 1,4,7", ""},
		{"-b x.blend -s 1 -e 7 -a", ": ?", "-b x.blend -s 1 -e 7 --python-expr TELL -a"},
		{"-b x.blend -a", ": ?", "-b x.blend --python-expr TELL -a"},
		{"-b x.blend -s +1 -e 7 -j 1 --render-anim", ": ?", "-b x.blend -s +1 -e 7 -j 1 --python-expr TELL --render-anim"},
		{"-b x.blend -f -3", ": -3", "-b x.blend --python-expr COUNT -f -4"},
		{"-b x.blend -f 1,5-7,-3", ": -3,1,5-7", "-b x.blend --python-expr COUNT -f -4,1,5..7"},
		{"-b x.blend -f -3..-1,2", ": -3..-1,2", "-b x.blend --python-expr COUNT -f -4..-2,2"},
		{"-b x.blend -f -2..2", ": -2..2", "-b x.blend --python-expr COUNT -f -3..2"},
		{"-b x.blend -s -3 -e -1 -j 1 -a", ": -3..-1", "-b x.blend --python-expr START -s -3 --python-expr END -e -1 -j 1 -a"},
		{"-b x.blend -f +3", ": ?", ""},
		{"-b x.blend -f", ": ?", ""},
		{"-b x.blend -P -f -o -a --python-expr -a", "", ""},
		{"-b x.blend -P a.py -- -f 1 -a -f -3", "", ""},
		{"-b x.blend -F TARGA_RAW -f 1", ": 1", "-b x.blend -F RAWTGA -f 1"},
		{"-b x.blend --render-format jpeg2000", "", "-b x.blend --render-format JP2"},
		{"-b x.blend", "", ""},
	}
	for _, c := range cases {
		line, err := readBlenderArgs(strings.Fields(c.args))
		if err != nil {
			t.Errorf("%s: %v", c.args, err)
			continue
		}
		var got []string
		for _, r := range line.requests {
			frames := "?"
			if r.frames != nil {
				frames = farm.FormatFrames(r.frames)
			}
			got = append(got, r.output+": "+frames)
		}
		args := strings.NewReplacer(countFromZero, "COUNT", startAtZero, "START", endAtZero, "END", tellRange, "TELL").Replace(strings.Join(line.args, " "))
		want := c.line
		if want == "" {
			want = c.args
		}
		if strings.Join(got, "|") != c.want || args != want {
			t.Errorf("%s: asks for %q, want %q; becomes %q, want %q", c.args, got, c.want, args, want)
		}
	}
	for _, frames := range []string{"1048575", "1..2000000", "5,1048575"} {
		if _, err := readBlenderArgs([]string{"-f", frames}); farm.KindOf(err) != farm.Invalid || !strings.Contains(err.Error(), "beyond the last that Blender has") {
			t.Errorf("frames %s: %v", frames, err)
		}
	}
}

func TestBlenderArgsThatAJobTypeExplains(t *testing.T) {
	line := readToldArgs(strings.Fields("-b x.blend -o /o/## -F TARGA -f -4 -- -o no"), []int{-3})
	if got := fmt.Sprint(line.requests); got != "[{/o/## [-3] true 0 0}]" || !slices.Contains(line.args, "-4") || !slices.Contains(line.args, "TGA") || line.format != "TARGA" {
		t.Errorf("%s %q", got, line.args)
	}
}

// Frames that are missing or bad are rendered again without the others.
func TestSecondTry(t *testing.T) {
	cases := []struct {
		args   string
		frames []int
		want   string // "": the same
	}{
		{"-b x.blend -o /o/## -f 1..9", []int{3}, "-b x.blend -o /o/## -f 3"},
		{"-b x.blend -o /o/## -f 1..9", []int{3, 4, 5, 8}, "-b x.blend -o /o/## -f 3..5,8"},
		{"-b x.blend -s 1 -e 9 -j 2 -a", []int{3, 7}, "-b x.blend -s 1 -e 9 -j 2 -f 3,7"},
		{"-b x.blend -f 1..9", nil, ""},
		{"-b x.blend -a", []int{1}, ""},
		{"-b x.blend -f -3..9", []int{1}, ""},
		{"-b x.blend -f 1 -o b -f 2", []int{1}, ""},
		{"-b x.blend -f 1..3 -- more", []int{1}, ""},
	}
	for _, c := range cases {
		line, err := readBlenderArgs(strings.Fields(c.args))
		if err != nil {
			t.Fatal(err)
		}
		again := line.secondTry(fmt.Errorf("wrapped: %w", &badFrames{error: errTest, frames: c.frames, stepped: 1}), 7)
		if c.want == "" {
			if again.line != line || again.counted != 7 {
				t.Errorf("%s: %q, %d steps counted", c.args, again.line.args, again.counted)
			}
			continue
		}
		if got := strings.Join(again.line.args, " "); got != c.want || !slices.Equal(again.line.requests[0].frames, c.frames) || again.counted != 1 || again.flags() != farm.FrameRenderedAgain {
			t.Errorf("%s: %q, want %q; %+v", c.args, got, c.want, again)
		}
	}
	line := &blenderLine{}
	if again := line.secondTry(&warmError{error: errTest}, 2); again == nil || again.line != line || again.counted != 2 || again.flags() != 0 {
		t.Errorf("after an open Blender: %+v", again)
	}
	for _, err := range []error{nil, errTest, &badFrames{error: errTest, full: true}, &warmError{error: &badFrames{error: errTest, full: true}}} {
		if line.secondTry(err, 0) != nil {
			t.Errorf("%v: there is a second try", err)
		}
	}
}

// A Blender that renders by a command line tells of its images first.
func TestTellingOfImages(t *testing.T) {
	for args, want := range map[string]string{
		"-b x.blend -o /o/## -f 1":             "-b x.blend -o /o/## --python-expr IMAGES -f 1",
		"-b x.blend -a":                        "-b x.blend --python-expr IMAGES --python-expr TELL -a",
		"-b x.blend -f -3 -f 4":                "-b x.blend --python-expr IMAGES --python-expr COUNT -f -4 -f 4",
		"-b x.blend --python-expr foo -f 1 -a": "-b x.blend --python-expr foo --python-expr IMAGES -f 1 --python-expr TELL -a",
		"-b x.blend":                           "-b x.blend",
	} {
		line, err := readBlenderArgs(strings.Fields(args))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.NewReplacer(countFromZero, "COUNT", tellRange, "TELL", tellImages, "IMAGES").Replace(strings.Join(line.telling(), " ")); got != want {
			t.Errorf("%s: %q, want %q", args, got, want)
		}
	}
	if line := readToldArgs([]string{"-f", "1"}, []int{1}); len(line.telling()) != 2 {
		t.Errorf("the job type's own arguments became %q", line.telling())
	}
	for text, want := range map[string]string{
		`{"width": 64, "height": 48, "slack": 1, "views": ["_L"]}`: "&{64 48 1 [_L] [] []}",
		`{"width": 64, "height": 0}`:                               "<nil>", `{"width": 1e99}`: "<nil>", "": "<nil>", `{"width":1,"height":1,"slack":9}`: "<nil>",
	} {
		if got := fmt.Sprint(parseImages(text)); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// Which file is which frame.
func TestOutputName(t *testing.T) {
	for _, c := range []struct{ output, file, want string }{
		{"/o/######", "/o/000012.png", `12 "" true`},
		{"/o/######", "/o/-000003.png", `-3 "" true`},
		{"/o/######", "/o/1048574.png", `1048574 "" true`},
		{"/o/######", "/o/000012_L.png", `12 "_L" true`},
		{"/o/######", "/other/000012.png", `0 "" false`},
		{"/o/######", "/o/Image0001.png", `0 "" false`},
		{"/o/######", "/o/0001.png", `0 "" false`},
		{"/o/../o/a.v2_##_x", "/o/a.v2_03_x.png", `3 "_x" true`},
		{"/o/shot_0121-0240", "/o/shot_0121-02400121.png", `121 "" true`},
		{"/o/##_a_##", "/o/##_a_07.png", `7 "" true`},
		{"/o/x", "/o/x0007", `7 "" true`},
		{"/o/", "/o/0007.png", `7 "" true`},
		{"/o [2]/100% {x}#", "/o [2]/100% {x}12.png", `12 "" true`},
		{"//renders/f##", "/project/renders/f12.png", `12 "" true`},
		{"renders/f##", "/project/renders/f12.png", `12 "" true`},
		{`C:\out\f##`, `C:\out\f12.png`, `12 "" true`},
		{`\\server\out\f##`, `\\server\out\f12.png`, `12 "" true`},
		{"", "/o/0001.png", `0 "" false`},
	} {
		frame, view, ok := newOutputName(c.output).parse(c.file)
		if got := fmt.Sprintf("%d %q %v", frame, view, ok); got != c.want {
			t.Errorf("%s of %s: %s, want %s", c.file, c.output, got, c.want)
		}
	}
}

// What Blender's output says of the frames that were asked for.
func TestAskedFrames(t *testing.T) {
	const timed = " Time: 00:00.10 (Saving: 00:00.01)"
	cases := []struct {
		name, args string
		lines      []string
		steps      int
		missing    string
	}{
		{"all", "-o /o/## -f 1..2", []string{"Saved: '/o/01.png'", timed, "Saved: '/o/02.png'", timed}, 2, ""},
		{"quit by a script", "-o /o/## -f 1..3", []string{"Saved: '/o/01.png'", timed}, 1, "1 of 3 frames were saved (missing: 2,3)"},
		{"nothing", "-o /o/## -f 1..3", nil, 0, "0 of 3 frames were saved (missing: 1-3)"},
		{"lines that repeat", "-o /o/## -f 1..3", []string{"Saved: '/o/01.png'", timed, timed, "Saved: '/o/01.png'", timed}, 1, "1 of 3 frames were saved (missing: 2,3)"},
		{"another folder", "-o /o/## -f 1", []string{"Saved: '/p/01.png'"}, 0, "0 of 1 frames were saved (missing: 1)"},
		{"output of the compositor", "-o /o/## -f 1..2", []string{"Saved: '/p/Image0001.png'", "Saved: '/o/01.png'", timed, "Saved: '/p/Image0002.png'"}, 1, "1 of 2 frames were saved (missing: 2)"},
		{"output of the compositor, path of the file", "-f 1", []string{"Saved: '/p/Image0001.png'"}, 0, "0 of 1 frames were saved (missing: 1)"},
		{"path of the file", "-f 7..8", []string{"Saved: '/p/x_0007.png'", timed, "Saved: '/p/x_0008.png'", timed}, 2, ""},
		{"a script gives other names", "-o /o/## -f 1..2", []string{"Fra:1 Mem:1M", "Saved: '/o/left.png'", timed, "Fra:2 Mem:1M", "Saved: '/o/right.png'", timed}, 2, ""},
		{"a script takes another folder", "-o /o/## -f 1..2", []string{"Fra:1 Mem:1M", "Saved: '/o/01.png'", timed, "Fra:2 Mem:1M", "Saved: '/p/02.png'", timed}, 1, "1 of 2 frames were saved (missing: 2): something in the file, such as a script, has images saved in /p instead of the job's folder"},
		{"a script takes a folder in it", "-o /o/## -f 1", []string{"Saved: '/o/v2/01.png'", timed}, 0, "0 of 1 frames were saved (missing: 1): something in the file, such as a script, has images saved in /o/v2 instead of the job's folder"},
		{"another folder, and frames that are there", "-o /o/## -f 1", []string{`skipping existing frame "/p/01.png"`}, 0, "0 of 1 frames were saved (missing: 1): something in the file, such as a script, has images saved in /p instead of the job's folder"},
		{"the same folder by a link", "-o /link/## -f 1", []string{"Saved: '/real/x1.png'", timed}, 1, ""},
		{"a folder with templates", "-o /o/{blend_name}/## -f 1", []string{"Saved: '/o/shot/01.png'", timed}, 1, ""},
		{"a folder beside the file", "-o //out/## -f 1", []string{"Saved: '/project/out/x1.png'", timed}, 1, ""},
		{"a drive in lower case", `-o C:\out\## -f 1`, []string{`Saved: 'c:\Out\01.png'`, timed}, 1, ""},
		{"one of two outputs", "-o /o/## -f 1 -o /p/## -f 1", []string{"Saved: '/p/x1.png'", timed, "Saved: '/p/y1.png'", timed}, 1, "1 of 2 frames were saved (missing: 1)"},
		{"there already with all views, path of the file", "-f 1,10", []string{`skipping existing frame "/o/s_10_0001_L.png" for view "left"`, `skipping existing frame "/o/s_10_0001_R.png" for view "right"`}, 1, "1 of 2 frames were saved (missing: 10)"},
		{"views that end in digits, path of the file", "-f 1..2", []string{"Saved: '/o/0001_cam1.png'", "Saved: '/o/0001_cam2.png'", timed}, 1, "1 of 2 frames were saved (missing: 2)"},
		{"could not be saved", "-o /o/## -f 1", []string{"Error: Render error (Invalid argument) cannot save: '/o/01.png'", timed}, 0, "0 of 1 frames were saved (missing: 1)"},
		{"there already", "-o /o/## -f 1..2", []string{`skipping existing frame "/o/01.png"`, "Saved: '/o/02.png'", timed}, 2, ""},
		{"views", "-o /o/## -f 1..2", []string{"Saved: '/o/01_L.png'", "Saved: '/o/01_R.png'", timed, "Saved: '/o/02_L.png'", "Saved: '/o/02_R.png'", timed}, 2, ""},
		{"a view missing", "-o /o/## -f 1..2", []string{"Saved: '/o/01_L.png'", "Saved: '/o/01_R.png'", timed, "Saved: '/o/02_L.png'"}, 2, `1 of 2 frames were saved with all views (missing: 2, where there is no "_R")`},
		{"previews of frames that were not there", "-o /o/## -f 1..2", []string{`skipping existing frame "/o/01.exr"`, "Saved: '/o/02.exr'", "Saved: '/o/02.jpg'", timed}, 2, ""},
		{"below zero", "-o /o/#### -f -3..-2", []string{"Saved: '/o/-0003.png'", timed, "Saved: '/o/-0002.png'", timed}, 2, ""},
		{"a movie", "-o /o/x -f 1..2", []string{"Append frame 1", timed, "00:01.581  render           | Video append frame 2", timed}, 2, ""},
		{"the scene's range", "-o /o/## -a", []string{"Farm: the scene has frames 2 to 6 by 2", "Saved: '/o/02.png'", timed, "Saved: '/o/04.png'", timed}, 2, "2 of 3 frames were saved (missing: 6)"},
		{"a range nobody told", "-o /o/## -f +1", []string{"Saved: '/o/02.png'", timed}, 1, ""},
		{"a range nobody told, and no frame", "-o /o/## -f +1", nil, 0, "no frame was saved"},
		{"twice the same frame", "-o /o/## -f 1 -o /p/## -f 1", []string{"Saved: '/o/01.png'", timed}, 1, "1 of 2 frames were saved (missing: 1)"},
		{"rendered by Python", "-P x.py", []string{"Saved: '/o/a1_L.png'", "Saved: '/o/a1_L.png'", "Saved: '/o/a2.png'"}, 2, ""},
		{"rendered by Python, with times", "-P x.py", []string{"Saved: '/o/a1.png'", timed, "Saved: '/o/a2.png'", timed}, 2, ""},
	}
	for _, c := range cases {
		line, err := readBlenderArgs(strings.Fields(c.args))
		if err != nil {
			t.Fatal(err)
		}
		steps := 0
		a := newAskedFrames(line.requests, func() { steps++ }, nil)
		a.same = func(folder, other string) bool { return folder == "/link" && other == "/real" }
		for _, l := range c.lines {
			a.hear(parseBlender(l))
		}
		a.end()
		if got := a.missing(); got != c.missing || steps != c.steps {
			t.Errorf("%s: %d steps, %q; want %d, %q", c.name, steps, got, c.steps, c.missing)
		}
	}
}

// A job type that says which frames it saves is held to it, whoever renders them.
func TestAskedFramesThatAJobTypeTells(t *testing.T) {
	for _, c := range []struct{ lines, missing string }{
		{"Saved: '/o/a_0001.png'\nSaved: '/o/b_0002.png'", ""},
		{"Saved: '/o/a_0001.png'", "1 of 2 frames were saved (missing: 2)"},
	} {
		a := newAskedFrames(readToldArgs([]string{"-P", "x.py"}, []int{1, 2}).requests, func() {}, nil)
		for l := range strings.Lines(c.lines) {
			a.hear(parseBlender(l))
		}
		a.end()
		if got := a.missing(); got != c.missing {
			t.Errorf("%q: %q, want %q", c.lines, got, c.missing)
		}
	}
}
