package worker

import (
	"slices"
	"strconv"
	"strings"

	"renderfarm/farm"
)

// A request is one rendering that a command line asks Blender for: what one
// -f, or one -a, is to save.
type request struct {
	output string // the output path that was set before it, with its #; "" is that of the file
	frames []int  // sorted, each once; nil if the command line does not tell
	told   bool   // by the job type, so that Blender may render in any way
	at     int    // where its option is among the arguments; 0 if told
	done   int    // frames that were asked for as well, and were saved by the try before
}

// A blenderLine is a command line for Blender that was read and put right.
type blenderLine struct {
	args     []string
	requests []request
	format   string   // of --render-format, as given; "" if none is
	output   string   // of the last --render-output
	span     animSpan // of the last -s, -e and -j
}

// valued are the options with a value, which is none of the options below
// whatever it looks like. ("Command Line Arguments" of Blender's manual.)
var valued = []string{"-o", "--render-output", "-E", "--engine", "-t", "--threads", "-F", "--render-format", "-x", "--use-extension",
	"-S", "--scene", "-P", "--python", "--python-text", "--python-expr", "--python-exit-code", "--addons", "--log", "--log-level",
	"--log-file", "--debug-value", "--verbose", "--gpu-backend", "--app-template", "--env-system-datafiles", "--env-system-scripts",
	"--env-system-python", "--env-system-extensions", "--profile-gpu", "-s", "--frame-start", "-e", "--frame-end", "-j", "--frame-jump", "-f", "--render-frame"}

// formatWords are the words that the command line has for formats, where they
// differ from the names of Python (blender 3). Blender renders something else
// after a word that it does not know.
var formatWords = map[string]string{"TARGA": "TGA", "TARGA_RAW": "RAWTGA", "JPEG2000": "JP2", "AVI_JPEG": "AVIJPEG", "AVI_RAW": "AVIRAW"}

// Python that goes in front of a number below zero, which Blender counts from
// an end of the scene's range: -f from the last frame and one, -s and -e from
// what they set. (blender 3)
const (
	startAtZero = "import bpy; bpy.context.scene.frame_start = 0"
	endAtZero   = "import bpy; bpy.context.scene.frame_end = 0"
	// What -f asks for is known before the first frame begins, when the scene
	// gets its range back.
	countFromZero = `import bpy
def farm_range(scene, *_, range=(bpy.context.scene.frame_start, bpy.context.scene.frame_end)):
    scene.frame_start, scene.frame_end = range
    bpy.app.handlers.render_init.remove(farm_range)
bpy.app.handlers.render_init.append(farm_range)
bpy.context.scene.frame_end = 0
`
	// tellRange is in front of -a when only the scene says which frames that is.
	tellRange = `import bpy; s = bpy.context.scene; print("` + rangeTold + `%d to %d by %d" % (s.frame_start, s.frame_end, s.frame_step), flush=True)`
	rangeTold = "Farm: the scene has frames "
)

// readBlenderArgs reads what is asked for, and puts right what Blender would
// understand in another way than it is meant: frames below zero, and names of formats.
func readBlenderArgs(args []string) (*blenderLine, error) {
	line := &blenderLine{}
	for i := 0; i < len(args); i++ {
		switch arg := args[i]; {
		case arg == "--":
			line.add(args[i:]...)
			return line, nil
		case arg == "-a" || arg == "--render-anim":
			frames := line.span.frames()
			if frames == nil {
				line.add("--python-expr", tellRange)
			}
			line.ask(frames)
			line.add(arg)
		case !slices.Contains(valued, arg):
			line.add(arg)
		case i+1 == len(args): // Blender will miss the value
			if arg == "-f" || arg == "--render-frame" {
				line.ask(nil)
			}
			line.add(arg)
		default:
			i++
			if err := line.option(arg, args[i]); err != nil {
				return nil, err
			}
		}
	}
	return line, nil
}

// option reads an option with its value.
func (l *blenderLine) option(arg, value string) error {
	negative := strings.HasPrefix(value, "-")
	before := "" // Python in front of it
	switch arg {
	case "-o", "--render-output":
		l.output = value
	case "-F", "--render-format":
		l.format, value = value, formatWord(value)
	case "-s", "--frame-start":
		l.span.start.read(value)
		before = startAtZero
	case "-e", "--frame-end":
		l.span.end.read(value)
		before = endAtZero
	case "-j", "--frame-jump":
		l.span.step.read(value)
	case "-f", "--render-frame":
		frames, err := framesAsked(value)
		if err != nil {
			return err
		}
		if negative = len(frames) > 0 && frames[0] < 0; negative {
			value = farm.FramesFromZero(frames)
			l.add("--python-expr", countFromZero)
		}
		l.ask(frames)
	}
	if negative && before != "" {
		l.add("--python-expr", before)
	}
	l.add(arg, value)
	return nil
}

// readToldArgs reads a command line of which the job type says what it saves:
// it is left as it is, but for names of formats.
func readToldArgs(args []string, frames []int) *blenderLine {
	line := &blenderLine{args: slices.Clone(args)}
	told := request{frames: frames, told: true}
	for i := 0; i+1 < len(args) && args[i] != "--"; i++ {
		if !slices.Contains(valued, args[i]) {
			continue
		}
		i++
		switch args[i-1] {
		case "-o", "--render-output":
			told.output = args[i]
		case "-F", "--render-format":
			line.format, line.args[i] = args[i], formatWord(args[i])
		}
	}
	line.requests = []request{told}
	return line
}

// formatWord returns the word of the command line for a format.
func formatWord(format string) string {
	if word, ok := formatWords[strings.ToUpper(format)]; ok {
		return word
	}
	return format
}

func (l *blenderLine) add(args ...string) { l.args = append(l.args, args...) }

// ask notes that the option which is added next renders.
func (l *blenderLine) ask(frames []int) {
	l.requests = append(l.requests, request{output: l.output, frames: frames, at: len(l.args)})
}

// framesAsked reads the value of -f. What Blender counts from the range of the
// scene, or does not understand, gives nil.
func framesAsked(value string) ([]int, error) {
	frames, err := farm.ParseFrames(value)
	if err == nil {
		return frames, nil
	}
	for part := range strings.FieldsFuncSeq(value, func(r rune) bool { return strings.ContainsRune(",.-+ ", r) }) {
		if n, err := strconv.Atoi(part); err == nil && n > farm.MaxFrame {
			return nil, farm.Errorf(farm.Invalid, "frame %d is beyond the last that Blender has, %d: Blender would render that one instead. Submit the job with other frames", n, farm.MaxFrame)
		}
	}
	return nil, nil
}

// An animSpan is which frames -a renders, as far as the command line says it.
type animSpan struct{ start, end, step setNumber }

// A setNumber is the number that an option set.
type setNumber struct {
	n     int
	known bool
}

// read takes a value. One with a plus is counted from the scene's.
func (s *setNumber) read(value string) {
	n, err := strconv.Atoi(value)
	*s = setNumber{n, err == nil && !strings.HasPrefix(value, "+") && n >= -farm.MaxFrame && n <= farm.MaxFrame}
}

// frames returns the frames, or nil if the command line does not tell them all.
func (s animSpan) frames() (list []int) {
	if !s.start.known || !s.end.known || !s.step.known || s.step.n < 1 {
		return nil
	}
	for f := s.start.n; f <= s.end.n; f += s.step.n {
		list = append(list, f)
	}
	return list
}
