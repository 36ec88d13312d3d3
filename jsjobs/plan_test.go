package jsjobs

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"renderfarm/farm"
)

var update = flag.Bool("update", false, "write the golden plans anew")

// blenderSettings are settings as the add-on sends them, with some changed; nil
// takes one away.
func blenderSettings(changes map[string]any) map[string]any {
	settings := map[string]any{
		"frames": "1-10", "chunk_size": 3.0, "render_output_root": "{render}/", "add_path_components": 0.0,
		"render_output_path": "{render}/shots/{timestamp}/######", "blendfile": "{jobs}/shot/Shot 1.flamenco.blend",
		"fps": 24.0, "format": "PNG", "image_file_extension": ".png", "has_previews": false, "scene": "Scene",
	}
	return changed(settings, changes)
}

// changed returns a copy of settings with some changed; nil takes one away.
func changed(settings, changes map[string]any) map[string]any {
	settings = maps.Clone(settings)
	for key, v := range changes {
		if v == nil {
			delete(settings, key)
			continue
		}
		settings[key] = v
	}
	return settings
}

// golden is what the files in testdata/jobtypes hold.
type golden struct {
	Type     string         `json:"type"`
	Given    map[string]any `json:"given"`
	Settings map[string]any `json:"settings"`
	Tasks    []goldenTask   `json:"tasks"`
}

type goldenTask struct {
	Name     string         `json:"name"`
	Type     string         `json:"type"`
	Priority int            `json:"priority"`
	Needs    []int          `json:"needs,omitempty"`
	Commands []farm.Command `json:"commands"`
}

func TestGoldenPlans(t *testing.T) {
	if _, offset := created.Local().Zone(); offset != 2*3600 {
		t.Skip("this system does not take its time zone from TZ")
	}
	l := New(Options{Dir: filepath.Join("..", "testdata", "jobtypes", "scripts")})
	optix := map[string]any{"frames": "1-6", "chunk_size": 4.0, "render_output_path": "/r/shot/{timestamp}_######", "blendfile": "/s/shot.blend"}
	still := map[string]any{"frame": 12.0, "resolution_x": 1920.0, "resolution_y": 1080.0, "render_output_path": "/r/still.png", "blendfile": "/s/Still Life.blend", "format": "PNG"}
	single := map[string]any{"frame": 12.0, "render_output_root": "/r", "render_output_path": "/r/{timestamp}/######", "blendfile": "/s/Still Life.blend", "scene": "S", "format": "PNG"}
	encode := blenderSettings(map[string]any{"chunk_size": 10.0})
	script := map[string]any{"script": "/s/bake all.py", "arguments": "--size 1024 'two words'", "blendfile": "/s/a.blend", "scene": "S"}
	for name, c := range map[string]struct {
		jobType  string
		settings map[string]any
	}{
		"single":               {"single-image-render", single},
		"single-samples":       {"single-image-render", changed(single, map[string]any{"frame": -3.0, "tiles_x": 1.0, "tiles_y": 1.0, "sample_parts": 3.0, "exact": false, "uses_denoising": true})},
		"single-both":          {"single-image-render", changed(single, map[string]any{"tiles_x": 2.0, "tiles_y": 1.0, "sample_parts": 2.0})},
		"script":               {"blender-script", script},
		"script-text":          {"blender-script", map[string]any{"text": "bake.py", "blendfile": "/s/a.blend", "scene": "S"}},
		"encode":               {"render-and-encode", encode},
		"encode-h265":          {"render-and-encode", changed(encode, map[string]any{"codec": "h265", "quality": "high", "video_width": 1281.0, "video_args": "-metadata title='my film'"})},
		"encode-prores":        {"render-and-encode", changed(encode, map[string]any{"codec": "prores", "format": "OPEN_EXR", "has_previews": true})},
		"encode-prores4444":    {"render-and-encode", changed(encode, map[string]any{"codec": "prores-4444", "quality": "low", "frames": "1-3,8"})},
		"encode-gif":           {"render-and-encode", changed(encode, map[string]any{"codec": "gif", "video_width": 320.0})},
		"echo":                 {"echo-sleep-test", map[string]any{"message": "hello"}},
		"echo-three-sleeps":    {"echo-sleep-test", map[string]any{"message": "hello", "sleep_duration_seconds": 5.0, "sleep_repeats": 3.0}},
		"blender":              {"simple-blender-render", blenderSettings(nil)},
		"blender-list":         {"simple-blender-render", blenderSettings(map[string]any{"frames": "20, 1-3,7..9", "chunk_size": 2.0})},
		"blender-negative":     {"simple-blender-render", blenderSettings(map[string]any{"frames": "-5..-1,3", "chunk_size": 5.0})},
		"blender-no-video":     {"simple-blender-render", blenderSettings(map[string]any{"fps": nil, "chunk_size": 10.0})},
		"blender-exr":          {"simple-blender-render", blenderSettings(map[string]any{"format": "OPEN_EXR", "image_file_extension": ".exr", "chunk_size": 10.0})},
		"blender-exr-previews": {"simple-blender-render", blenderSettings(map[string]any{"format": "OPEN_EXR_MULTILAYER", "image_file_extension": ".exr", "has_previews": true, "chunk_size": 10.0})},
		"blender-windows":      {"simple-blender-render", blenderSettings(map[string]any{"render_output_path": `\\host\share\shot\######`, "blendfile": `\\host\share\shot.blend`, "chunk_size": 10.0})},
		"optix":                {"optix-gpu-render", optix},
		"optix-arguments": {"optix-gpu-render", changed(optix, map[string]any{"blender_args_before": "--debug-cycles --log 'my log'", "samples": 64.0,
			"blender_args_after": `-- "a b" c`, "experimental": true})},
		"tiled-still":      {"tiled-still", still},
		"tiled-still-row":  {"tiled-still", changed(still, map[string]any{"tiles_x": 3.0, "tiles_y": 1.0, "format": "OPEN_EXR", "denoise": true})},
		"blender-no-scene": {"simple-blender-render", blenderSettings(map[string]any{"scene": "", "chunk_size": nil, "frames": "5", "fps": 23.976})},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := l.Plan(t.Context(), farm.Submission{Type: c.jobType, Name: name, Created: created, Settings: maps.Clone(c.settings)})
			if err != nil {
				t.Fatal(err)
			}
			g := golden{Type: c.jobType, Given: c.settings, Settings: p.Settings}
			for _, task := range p.Tasks {
				g.Tasks = append(g.Tasks, goldenTask{task.Name, task.Type, task.Priority, task.Needs, task.Commands})
			}
			var text strings.Builder
			e := json.NewEncoder(&text)
			e.SetEscapeHTML(false)
			e.SetIndent("", "  ")
			if err := e.Encode(g); err != nil {
				t.Fatal(err)
			}
			compare(t, filepath.Join("..", "testdata", "jobtypes", name+".json"), text.String())
		})
	}
}

// Tasks are planned in the order that is asked for, each once; the video has the frames
// in rising order.
func TestOrderOfFrames(t *testing.T) {
	l := New(Options{})
	for order, want := range map[string]string{
		"rising":         "1 2 3 4 5 6 7 8 9",
		"reverse":        "9 8 7 6 5 4 3 2 1",
		"ends first":     "1 9 5 2 3 4 6 7 8",
		"coarse to fine": "1 3 5 7 9 2 4 6 8",
	} {
		p, err := l.Plan(t.Context(), farm.Submission{Type: "simple-blender-render", Name: "x", Created: created,
			Settings: blenderSettings(map[string]any{"frames": "1-9", "chunk_size": 1.0, "order": order})})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, task := range p.Tasks[:len(p.Tasks)-1] {
			got = append(got, strings.TrimPrefix(task.Name, "render-"))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, not %s", order, got, want)
		}
		if last := p.Tasks[len(p.Tasks)-1]; len(last.Needs) != 9 || !strings.Contains(string(last.Commands[0].Encoded.Append(nil))+fmt.Sprint(last.Commands[0].Parameters), "1-9") {
			t.Errorf("%s: the video is %+v", order, last)
		}
	}
}

func compare(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		write(t, file, got)
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if strings.ReplaceAll(string(want), "\r\n", "\n") != got {
		t.Errorf("%s is not the plan any more (-update writes it anew, when it should change):\n%s", file, got)
	}
}

func TestBlenderRefuses(t *testing.T) {
	l := New(Options{})
	for _, c := range []struct {
		changes map[string]any
		says    string
	}{
		{map[string]any{"render_output_path": ""}, "no render_output_path setting!"},
		{map[string]any{"frames": ""}, "frames: the frame range is empty: write it like 1-24 or 1,3,7-9"},
		{map[string]any{"frames": "5-1"}, `frames: the frame range "5-1" has no frames: its first frame is after its last`},
		{map[string]any{"frames": "1-x"}, `"x" is not a number`},
		{map[string]any{"frames": "1-1048575"}, "frame 1048575 is beyond the last that Blender has, 1048574"},
		{map[string]any{"frames": "1-1000000", "chunk_size": 1.0}, "these frames are 1000000 tasks, and a job has at most 100000: raise chunk_size, the frames of each task, from 1 to 10, or submit the frames as several jobs"},
		{map[string]any{"frames": "1-1000000", "chunk_size": 3.0}, "these frames are 333334 tasks, and a job has at most 100000: raise chunk_size, the frames of each task, from 3 to 11"},
		{map[string]any{"chunk_size": 0.0}, "chunk_size is 0: it must be at least 1"},
		{map[string]any{"fps": -1.0}, "fps is -1: it must be at least 0"},
		{map[string]any{"frames": nil, "blendfile": nil}, "frames is required, and missing; blendfile is required, and missing"},
		{map[string]any{"add_path_components": 33.0}, "add_path_components is 33: it must be at most 32"},
	} {
		_, err := l.Plan(t.Context(), farm.Submission{Type: "simple-blender-render", Settings: blenderSettings(c.changes)})
		wantError(t, err, farm.Invalid, c.says)
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("who submits reads a line of the script: %v", err)
		}
	}
}

// What the other built-in job types do not take, they say.
func TestBuiltinsRefuse(t *testing.T) {
	l := New(Options{})
	single := map[string]any{"frame": 1.0, "render_output_root": "/r", "render_output_path": "/r/x", "blendfile": "/s/x.blend", "scene": "S", "format": "PNG"}
	for _, c := range []struct {
		jobType  string
		settings map[string]any
		says     string
	}{
		{"single-image-render", changed(single, map[string]any{"frame": 1048575.0}), "frame is 1048575: it must be at most 1048574"},
		{"single-image-render", changed(single, map[string]any{"uses_region": true}), "the scene renders only a region of the image: switch Render Region off"},
		{"single-image-render", changed(single, map[string]any{"tiles_x": 64.0, "tiles_y": 4.0, "sample_parts": 2.0}), "64×4 tiles in 2 parts are 512 tasks, and the most is 256 at compileJob (single_image_render.js:"},
		{"single-image-render", changed(single, map[string]any{"tiles_x": 0.0}), "tiles_x is 0: it must be at least 1"},
		{"single-image-render", changed(single, map[string]any{"render_output_path": ""}), "no render_output_path setting!"},
		{"single-image-render", changed(single, map[string]any{"frame": nil}), "frame is required, and missing"},
		{"blender-script", map[string]any{"blendfile": "/s/a.blend", "scene": "S"}, "which script?"},
		{"blender-script", map[string]any{"blendfile": "/s/a.blend", "scene": "S", "script": "/a.py", "text": "a"}, "not both"},
		{"blender-script", map[string]any{"blendfile": "/s/a.blend", "scene": "S", "script": "/a.py", "arguments": "'"}, "is not closed"},
		{"render-and-encode", blenderSettings(map[string]any{"format": "HDR"}), "FFmpeg does not show HDR as Blender does: take another format"},
		{"render-and-encode", blenderSettings(map[string]any{"format": "OPEN_EXR"}), "switch Preview on"},
		{"render-and-encode", blenderSettings(map[string]any{"codec": "vp9"}), "codec is \"vp9\": it must be one of h264, h265, prores, prores-4444, gif"},
		{"render-and-encode", blenderSettings(map[string]any{"chunk_size": 0.0}), "chunk_size is 0"},
		{"render-and-encode", blenderSettings(map[string]any{"frames": "1-150000", "chunk_size": 1.0}), "these frames are 150000 tasks, and a job has at most 100000: raise chunk_size, the frames of each task, from 1 to 2"},
		{"render-and-encode", blenderSettings(map[string]any{"fps": nil}), "fps is required"},
	} {
		_, err := l.Plan(t.Context(), farm.Submission{Type: c.jobType, Settings: c.settings})
		wantError(t, err, farm.Invalid, c.says)
	}
}

// Every format has the word of Blender's command line and its own ending, and a
// video if FFmpeg shows it as Blender does; whoever submits it is told if not.
func TestFormats(t *testing.T) {
	l := New(Options{})
	for _, c := range []struct{ format, word, video, says string }{
		{"PNG", "PNG", "*.png", ""}, {"JPEG", "JPEG", "*.jpg", ""}, {"TIFF", "TIFF", "*.tif", ""}, {"BMP", "BMP", "*.bmp", ""},
		{"TARGA", "TGA", "*.tga", ""}, {"TARGA_RAW", "RAWTGA", "*.tga", ""}, {"TGA", "TGA", "*.tga", ""}, {"RAWTGA", "RAWTGA", "*.tga", ""},
		{"JPEG2000", "JP2", "*.jp2", ""}, {"JP2", "JP2", "*.jp2", ""}, {"IRIS", "IRIS", "*.rgb", ""}, {"WEBP", "WEBP", "*.webp", ""},
		{"HDR", "HDR", "", "no video will be made: FFmpeg does not show HDR"}, {"DPX", "DPX", "", "no video"}, {"CINEON", "CINEON", "", "no video"},
		{"OPEN_EXR", "OPEN_EXR", "", "no video"}, {"EXR", "OPEN_EXR", "", "no video"}, {"MULTILAYER", "OPEN_EXR_MULTILAYER", "", "no video"},
		{"AVIF", "AVIF", "", "no video"}, {"FOO", "FOO", "*.png", ""},
		{"FFMPEG", "PNG", "*.png", "the output format FFMPEG is a movie"}, {"AVI_JPEG", "PNG", "*.png", "rendering PNG images instead"},
	} {
		p, err := l.Plan(t.Context(), farm.Submission{Type: "simple-blender-render", Settings: blenderSettings(map[string]any{"format": c.format})})
		if err != nil {
			t.Fatal(c.format, err)
		}
		var word, video string
		for _, task := range p.Tasks {
			for _, command := range task.Commands {
				args, _ := command.Parameters["args"].([]any)
				if i := slices.Index(args, any("--render-format")); i >= 0 {
					word, _ = args[i+1].(string)
				}
				if glob, ok := command.Parameters["inputGlob"].(string); ok {
					video = path.Base(glob)
				}
			}
		}
		if word != c.word || video != c.video || !strings.Contains(strings.Join(p.Warnings, "\n"), c.says) || c.says == "" && len(p.Warnings) > 0 {
			t.Errorf("%s: rendered as %q, video of %q, warnings %q; want %q, %q, %q", c.format, word, video, p.Warnings, c.word, c.video, c.says)
		}
	}
	p, err := l.Plan(t.Context(), farm.Submission{Type: "simple-blender-render", Settings: blenderSettings(map[string]any{"has_sound": true})})
	if err != nil || !strings.Contains(strings.Join(p.Warnings, "\n"), "the video has no sound") {
		t.Errorf("sound: %v %v", p, err)
	}
}

// Who submits is told what is switched off, or what will not be exact.
func TestSingleImageWarns(t *testing.T) {
	l := New(Options{})
	single := map[string]any{"frame": 1.0, "render_output_root": "/r", "render_output_path": "/r/x", "blendfile": "/s/x.blend", "scene": "S", "format": "PNG"}
	for _, c := range []struct {
		settings map[string]any
		says     string
	}{
		{single, ""},
		{changed(single, map[string]any{"uses_denoising": true, "uses_adaptive_sampling": true}), "adaptive sampling and denoising: switched off"},
		{changed(single, map[string]any{"uses_denoising": true, "exact": false}), "denoising: left on"},
	} {
		p, err := l.Plan(t.Context(), farm.Submission{Type: "single-image-render", Settings: c.settings})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(p.Warnings, "\n"); (got == "") != (c.says == "") || !strings.HasPrefix(got, c.says) {
			t.Errorf("warnings %q, want %q", got, c.says)
		}
	}
}

// What modern scripts throw is what they say.
func TestTiledStillRefuses(t *testing.T) {
	l := New(Options{Dir: filepath.Join("..", "testdata", "jobtypes", "scripts")})
	for _, c := range []struct {
		format string
		width  float64
		says   string
	}{
		{"AVI_RAW", 1000, "this job type renders images, and AVI_RAW is a video format at compileJob (tiled_still.js:52:32)"},
		{"TIFF", 1000, "Error: no file extension is known for TIFF at compileJob (tiled_still.js:53:31)"},
		{"PNG", 100, "tiles of 50 pixels are too small: take fewer than 2×2 at compileJob (tiled_still.js:56:3)"},
	} {
		_, err := l.Plan(t.Context(), farm.Submission{Type: "tiled-still", Settings: map[string]any{"frame": 1.0, "format": c.format,
			"resolution_x": c.width, "resolution_y": 1000.0, "render_output_path": "/r/x", "blendfile": "/s/x.blend"}})
		wantError(t, err, farm.Invalid, c.says)
	}
}

// The submission's own fields that a script does not touch come through.
func TestPlanKeepsTheSubmission(t *testing.T) {
	sub := farm.Submission{Name: "n", Type: "echo-sleep-test", Priority: 7, SubmitterPlatform: "linux", Settings: map[string]any{"message": "m"},
		Metadata: map[string]string{"a": "b"}, ShamanCheckout: "c", Tag: "t", Intent: farm.IntentHold, Created: created, ID: "i"}
	p, err := New(Options{}).Plan(t.Context(), sub)
	if err != nil {
		t.Fatal(err)
	}
	got := p.Submission
	got.Settings, sub.Settings = nil, nil
	if fmt.Sprint(got) != fmt.Sprint(sub) {
		t.Errorf("got %+v; want %+v", got, sub)
	}
}

// No text is a way to a panic or to an error without words.
func FuzzPlan(f *testing.F) {
	f.Add(emptyType+"function compileJob(job) { job.addTask(author.Task('a', 'b')); }", "1-3")
	f.Add("var JOB_TYPE = {settings: [{key: 'frames', type: 'string'}]}; function compileJob(job) { frameChunker(job.settings.frames, 2).map(print); }", "1,")
	f.Add(settingsType, "x")
	body, err := embedded.ReadFile("scripts/simple_blender_render.js")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(body), "1-10")
	f.Fuzz(func(t *testing.T, script, frames string) {
		if len(script) < MinScript {
			t.Skip("no script")
		}
		l := library(t, map[string]string{"t.js": script})
		l.timeout = time.Second
		_, err := l.Plan(t.Context(), farm.Submission{Type: "t", Settings: blenderSettings(map[string]any{"frames": frames, "text": "x"})})
		if err != nil && (err.Error() == "" || len(err.Error()) > 2000) {
			t.Errorf("error %q", err)
		}
		parse("x.js", script, false)
	})
}

// What VMs have in common, compiled sources and syntax trees, they only read.
func TestPlansAtTheSameTime(t *testing.T) {
	l := New(Options{Dir: filepath.Join("..", "testdata", "jobtypes", "scripts")})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			p, err := l.Plan(t.Context(), farm.Submission{Type: "tiled-still", Settings: map[string]any{"frame": i, "format": "PNG",
				"resolution_x": 1000.0, "resolution_y": 1000.0, "render_output_path": "/r/x", "blendfile": "/s/x.blend"}})
			if err != nil || len(p.Tasks) != 5 {
				t.Errorf("%v, %v", p, err)
			}
		})
	}
	wg.Wait()
}
