package worker

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What a line of Blender's output says.
type blenderWhat uint8

const (
	blenderOther     blenderWhat = iota
	blenderSaved                 // a file was written; text is its path
	blenderTimed                 // a frame is over: its files, if it has any, are those that were saved before
	blenderImages                // what the images of the frames that come are like; in images
	blenderNodeSaved             // the compositor wrote a file besides; text is its path
	blenderUnsaved               // a file could not be written; text is its path, or the message if that does not say
	blenderSkipped               // a frame was left out as it exists; text is its file
	blenderAppended              // frame number is in the movie that is being saved
	blenderFrame                 // number is the frame that is being rendered
	blenderRange                 // what tellRange prints: frames are those of the scene
	blenderError                 // an error, after which Blender may go on or even end with 0; text is the message
	blenderWrong                 // what comes is not what was asked for; text says why, and the next step; see wrongLines
	blenderTooOld                // the file was saved by a newer Blender than this one
)

type blenderEvent struct {
	what   blenderWhat
	text   string
	number int
	frames []int
	images *imageFacts // nil: not known

	took, saving  time.Duration // of blenderTimed: for the whole frame, and of that for its files; 0 if it does not say
	peak, gpuPeak int64         // of blenderFrame: the most memory so far, in KiB, and that of the device; 0 if it does not say
}

// Since 5.0 Blender prints through its log, where every line begins with a
// time and a category:
//
//	3.4   Saved: '/frames/000001.png'
//	3.4    Time: 00:00.34 (Saving: 00:00.28)
//	5.0   00:01.234  render           | Saved: '/frames/000001.png'
//
// Anything may be glued to the front of a line, as what Python and Cycles
// print goes another way to the same place.
var (
	savedLine = newLineForm(`Saved: '(.+)'`, "Saved: '")
	// The compositor's files, without quotes, before 4.2 or so.
	nodeSavedLine = newLineForm(`^Saved: ((?:/|[A-Za-z]:|\\\\).*\S)\s*$`, "Saved: ")
	unsavedLine   = newLineForm(`cannot save: '(.+?)'|Cannot save Node File Output to (.+\S)|Error (?:Writing Render Result|writing render result)`, "annot save", "riting ")
	timedLine     = newLineForm(`(?:^|\|)\s*Time: [0-9]|Time: [0-9][0-9:.]* \(Saving: `, "Time: ")
	skippedLine   = newLineForm(`[Ss]kipping existing frame "(.+?)"(?: for view .*)?\s*$`, "kipping existing frame")
	movieLine     = newLineForm(`\b[Aa]ppend frame (-?\d+)\s*$`, "ppend frame")
	frameLine     = newLineForm(`\bFra: ?(-?\d+) |\| Rendering frame (-?\d+)\s*$`, "Fra:", "Rendering frame")
	rangeLine     = newLineForm(regexp.QuoteMeta(rangeTold)+`(-?\d+) to (-?\d+) by (\d+)`, rangeTold)
	errorLine     = newLineForm(`^(?:\s*|[0-9:. ]+\s+[a-z.]+\s*\|\s*)((?:Error|ERROR)\b.*)`, "Error", "ERROR")
	olderLine     = newLineForm(`\b[Ww]ritten by newer Blender binary\b`, "newer Blender binary")
)

// A lineForm is what a line of output may be like. It is tried only on lines that have one
// of its words: with quick frames there are hundreds a second, of which most say nothing.
type lineForm struct {
	*regexp.Regexp
	words []string
}

func newLineForm(pattern string, words ...string) lineForm {
	return lineForm{regexp.MustCompile(pattern), words}
}

// parts returns a line of that form and its parts, nil of another one.
func (f lineForm) parts(line string) []string {
	if !f.may(line) {
		return nil
	}
	return f.FindStringSubmatch(line)
}

// is reports whether a line is of that form.
func (f lineForm) is(line string) bool { return f.may(line) && f.MatchString(line) }

// may reports whether a line has one of the words.
func (f lineForm) may(line string) bool {
	return slices.ContainsFunc(f.words, func(word string) bool { return strings.Contains(line, word) })
}

// wrongLines mean that Blender goes on with something else than was asked for,
// and often ends with 0. $1 is what the line names, {format} what it does not.
var wrongLines = []struct {
	line lineForm
	says string
}{
	{newLineForm(`Can't find scene: '(.*?)'`, "Can't find scene"),
		`the file has no scene "$1", and Blender would render another one. Submit the job with the name of a scene that is in the file`},
	{newLineForm(`Format from '-F / --render-format' not known`, "Format from"),
		`this Blender does not know the output format "{format}", and would save another one. Submit the job with a format that it has, such as PNG`},
	{newLineForm(`(?:[Cc]annot|[Cc]an't|[Cc]ould not) find [Ll][Ii][Bb](?:rary)? '(.*?)'`, " find "), missingLibrary},
	{newLineForm(`[Uu]nable to open '(.*?\.blend)'`, "nable to open"), missingLibrary},
	{newLineForm(`Parse errors in path '(.*?)'`, "Parse errors"),
		`Blender takes the braces in the path "$1" for a template, and cannot read it. Write them as {{ and }}, or take another name`},
	{newLineForm(`\b((?:CUDA|OptiX|HIP|Metal|oneAPI) error\b.{0,120})`, " error"), cardFailed}, // before 3.0
	{newLineForm(`([^|:\s][^|:]{0,60} in (?:CUDA|OptiX|HIP|Metal|oneAPI) queue\b.{0,120})`, " queue"), cardFailed},
	{newLineForm(`([^|:\s][^|:]{0,60} in (?:cu|hip|optix)[A-Z]\w*\(.{0,120})`, " in cu", " in hip", " in optix"), cardFailed},
	{newLineForm(`(oneAPI kernel ".{0,60} execution error\b.{0,120})`, "oneAPI kernel"), cardFailed},
	{newLineForm(`\b(VK_ERROR_(?:DEVICE_LOST|OUT_OF_DEVICE_MEMORY))\b`, "VK_ERROR_"), cardFailed},
	// Cycles says this behind the first error of any card, whatever that is.
	{newLineForm(`Refer to the (Cycles GPU rendering documentation)`, "Refer to the"), strings.Replace(cardFailed, "$1", "the log says why, before it refers to the $1", 1)},
}

const cardFailed = `the graphics card failed, after which Blender saves damaged frames: $1. Look after its driver and memory, or render on the processor`

const missingLibrary = `the linked library "$1" cannot be opened, and Blender would render without it. Put it where this worker sees it, or submit the file with all that it needs`

// parseBlender says what a line of Blender's output means.
func parseBlender(line string) blenderEvent {
	if m := savedLine.parts(line); m != nil {
		return blenderEvent{what: blenderSaved, text: m[1]}
	}
	if m := nodeSavedLine.parts(line); m != nil {
		return blenderEvent{what: blenderNodeSaved, text: m[1]}
	}
	if m := unsavedLine.parts(line); m != nil {
		return blenderEvent{what: blenderUnsaved, text: cmp.Or(m[1], m[2])}
	}
	if _, facts, found := strings.Cut(line, imagesTold); found {
		return blenderEvent{what: blenderImages, images: parseImages(facts)}
	}
	if m := skippedLine.parts(line); m != nil {
		return blenderEvent{what: blenderSkipped, text: m[1]}
	}
	if timedLine.is(line) {
		return timedEvent(line)
	}
	if m := movieLine.parts(line); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil {
			return blenderEvent{what: blenderAppended, number: n}
		}
	}
	if m := frameLine.parts(line); m != nil {
		if n, err := strconv.Atoi(m[1] + m[2]); err == nil {
			return frameEvent(line, n)
		}
	}
	if m := rangeLine.parts(line); m != nil {
		var span animSpan
		span.start.read(m[1])
		span.end.read(m[2])
		span.step.read(m[3])
		return blenderEvent{what: blenderRange, frames: span.frames()}
	}
	if olderLine.is(line) {
		return blenderEvent{what: blenderTooOld}
	}
	for _, w := range wrongLines {
		if !w.line.may(line) {
			continue
		}
		if m := w.line.FindStringSubmatchIndex(line); m != nil {
			return blenderEvent{what: blenderWrong, text: string(w.line.ExpandString(nil, w.says, line, m))}
		}
	}
	if m := errorLine.parts(line); m != nil {
		return blenderEvent{what: blenderError, text: m[1]}
	}
	return blenderEvent{}
}

var (
	tookLine = regexp.MustCompile(`Time: ([0-9:.]+)(?: \(Saving: ([0-9:.]+)\))?`)
	// Mem:14.37M (Peak 14.80M) before 5.0, Mem: 1699M from then on; what Cycles
	// takes on its device comes as a second pair: Mem:0.00M, Peak:0.00M.
	memoryLine = regexp.MustCompile(`\bMem: ?([0-9.]+)M(?: \(Peak ([0-9.]+)M\))?`)
	deviceLine = regexp.MustCompile(`\bMem: ?[0-9.]+M, Peak: ?([0-9.]+)M`)
)

// timedEvent reads how long a frame took.
func timedEvent(line string) blenderEvent {
	e := blenderEvent{what: blenderTimed}
	if m := tookLine.FindStringSubmatch(line); m != nil {
		e.took, e.saving = clockTime(m[1]), clockTime(m[2])
	}
	return e
}

// frameEvent reads what is told while a frame is rendered.
func frameEvent(line string, frame int) blenderEvent {
	e := blenderEvent{what: blenderFrame, number: frame}
	if m := memoryLine.FindStringSubmatch(line); m != nil {
		e.peak = kibibytes(cmp.Or(m[2], m[1]))
	}
	if m := deviceLine.FindStringSubmatch(line); m != nil {
		e.gpuPeak = kibibytes(m[1])
	}
	return e
}

// kibibytes reads a number of MiB.
func kibibytes(mib string) int64 {
	n, err := strconv.ParseFloat(mib, 64)
	if err != nil || n > 1<<30 {
		return 0
	}
	return int64(n * 1024)
}

// clockTime reads minutes and seconds, with hours in front if there are any: 02:19.28.
func clockTime(text string) (d time.Duration) {
	for part := range strings.SplitSeq(text, ":") {
		n, err := strconv.ParseFloat(part, 64)
		if err != nil || n > 1<<20 {
			return 0
		}
		d = d*60 + time.Duration(n*float64(time.Second))
	}
	return d
}
