package farm

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A Redo says that a task is to render only some of its frames, once more, and to
// keep the files that are there; or, if it keeps none, that these frames are its rest,
// see rest.go. The zero value says nothing. It is forgotten when the task is completed,
// or requeued or canceled as a whole.
type Redo struct {
	Frames string // as FormatFrames writes them
	Kept   string // names what is kept of this time, as part of file names; "": nothing is
}

// MaxRedo bounds Redo.Frames, in bytes.
const MaxRedo = 4096

// A Rendering is what a command renders, as far as its job type tells.
type Rendering struct {
	Frames []int  // sorted
	Output string // path with # for the number, "" if it does not tell
	Format string // as the command line has it, "" likewise
	at     int    // which argument has the frames
	zero   bool   // there they are counted for a scene that ends at 0
}

// RenderingOf says what a task renders. ok is false if that cannot be told, or if the
// task does something else besides: it cannot be asked for some of its frames then.
func RenderingOf(commands []Command) (r Rendering, ok bool) {
	if len(commands) != 1 || commands[0].Name != "blender-render" {
		return r, false
	}
	p := commands[0].Parameters
	args, ok := textList(p["args"])
	if !ok {
		return r, false
	}
	r.at = -1
	for i := 0; i+1 < len(args) && args[i] != "--"; i++ {
		switch args[i] {
		case "-o", "--render-output":
			r.Output = args[i+1]
		case "-F", "--render-format":
			r.Format = args[i+1]
		case "-f", "--render-frame":
			if r.at >= 0 {
				return r, false
			}
			r.at = i + 1
		case "-a", "--render-anim", "-s", "-e", "--frame-start", "--frame-end", "-P", "--python", "--python-text":
			return r, false // what is rendered depends on more than a list
		}
	}
	if r.at < 0 {
		return r, false
	}
	told, isTold := p["frames"]
	text := args[r.at]
	if isTold {
		text, _ = told.(string)
	}
	frames, err := ParseFrames(text)
	if err != nil {
		return r, false
	}
	r.Frames = frames
	if isTold && args[r.at] != text {
		if r.zero = args[r.at] == FramesFromZero(frames); !r.zero {
			return r, false
		}
	}
	return r, true
}

// Narrow returns the commands of a task so that they do what a Redo asks for.
func (r *Redo) Narrow(commands []Command) ([]Command, error) {
	rendering, ok := RenderingOf(commands)
	if !ok {
		return nil, Errorf(Invalid, "which frames the task renders cannot be told from its command")
	}
	frames, err := ParseFrames(r.Frames)
	if err != nil {
		return nil, err
	}
	c := commands[0]
	c.Parameters = maps.Clone(c.Parameters)
	args, _ := textList(c.Parameters["args"])
	args = slices.Clone(args)
	args[rendering.at] = FormatFrames(frames)
	if rendering.zero {
		args[rendering.at] = FramesFromZero(frames)
	} else if strings.Contains(args[rendering.at], "-") {
		args[rendering.at] = strings.ReplaceAll(args[rendering.at], "-", "..") // as Blender has it
	}
	if _, told := c.Parameters["frames"]; told {
		c.Parameters["frames"] = FormatFrames(frames)
	}
	list := make([]any, len(args))
	for i, a := range args {
		list[i] = a
	}
	c.Parameters["args"], c.Parameters["keep"], c.Steps = list, r.Kept, len(frames)
	return []Command{c}, nil
}

// File returns the file of a frame, "" if it cannot be told: the number takes the
// place of the last # in a row, or follows the name.
func (r *Rendering) File(frame int) string {
	ending, known := formatEndings[strings.ToUpper(r.Format)]
	if r.Output == "" || !known {
		return ""
	}
	end := strings.LastIndex(r.Output, "#") + 1
	first := end
	for first > 0 && r.Output[first-1] == '#' {
		first--
	}
	digits, before, after := end-first, r.Output[:first], r.Output[end:]
	if end == 0 || strings.ContainsAny(after, `/\`) {
		digits, before, after = 4, r.Output, ""
	}
	number := strconv.Itoa(max(frame, -frame))
	number = strings.Repeat("0", max(0, digits-len(number))) + number
	if frame < 0 {
		number = "-" + number
	}
	return before + number + after + ending
}

// formatEndings are how the files of a format end, by the word of the command line.
var formatEndings = map[string]string{"PNG": ".png", "JPEG": ".jpg", "TIFF": ".tif", "BMP": ".bmp", "TGA": ".tga", "RAWTGA": ".tga", "JP2": ".jp2",
	"IRIS": ".rgb", "WEBP": ".webp", "AVIF": ".avif", "OPEN_EXR": ".exr", "OPEN_EXR_MULTILAYER": ".exr", "HDR": ".hdr", "DPX": ".dpx", "CINEON": ".cin"}

// FramesFromZero writes frames, which must be sorted, for a scene whose last frame is
// 0, where Blender counts those below zero from there.
func FramesFromZero(frames []int) string {
	text := func(f int) string {
		if f < 0 {
			f--
		}
		return strconv.Itoa(f)
	}
	var parts []string
	for i := 0; i < len(frames); {
		first := i
		for i++; i < len(frames) && frames[i] == frames[i-1]+1; i++ {
		}
		part := text(frames[first])
		if last := frames[i-1]; last > frames[first] {
			part += ".." + text(last)
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ",")
}

// textList reads a list of texts out of JSON. Numbers count as texts.
func textList(v any) ([]string, bool) {
	list, ok := v.([]any)
	if !ok {
		return nil, false
	}
	texts := make([]string, len(list))
	for i, e := range list {
		switch e := e.(type) {
		case string:
			texts[i] = e
		case float64:
			texts[i] = strconv.FormatFloat(e, 'f', -1, 64)
		default:
			return nil, false
		}
	}
	return texts, true
}
