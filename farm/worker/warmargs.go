package worker

import (
	"fmt"
	"slices"
	"strings"
)

// A warmLine is a command line in two parts: what a Blender that stays open is
// started with, and what it is asked for then.
type warmLine struct {
	start  []string // up to the frames
	span   string   // arguments of "range", for -a; "" for -f
	frames []int
}

// Options that mean the same to a Blender that stays open. What else a command
// line may say, scripts above all, is for a Blender of its own.
var (
	warmFlags  = []string{"-b", "--background", "-y", "-Y", "--enable-autoexec", "--disable-autoexec", "--factory-startup", "-noaudio", "--offline-mode", "--online-mode"}
	warmValued = []string{"-o", "--render-output", "-E", "--engine", "-t", "--threads", "-F", "--render-format", "-x", "--use-extension",
		"-S", "--scene", "--addons", "--gpu-backend", "--python-exit-code"}
	rangeValued = []string{"-s", "--frame-start", "-e", "--frame-end", "-j", "--frame-jump"}
)

// warm splits a command line that can be rendered warm: it opens one file, and
// what it asks for is known and comes last.
func (l *blenderLine) warm(file string) (w warmLine, ok bool) {
	if file == "" || len(l.requests) != 1 || l.requests[0].told || len(l.requests[0].frames) == 0 || l.requests[0].frames[0] < 0 {
		return w, false
	}
	w.frames = l.requests[0].frames
	opened, ranged := false, false
	for i := 0; i < len(l.args); i++ {
		arg, last := l.args[i], i+1 == len(l.args)
		switch {
		case last && (arg == "-a" || arg == "--render-anim"):
			w.span = fmt.Sprintf("%d %d %d", l.span.start.n, l.span.end.n, l.span.step.n)
			return w, opened
		case i+2 == len(l.args) && (arg == "-f" || arg == "--render-frame"):
			return w, opened && !ranged
		case !last && slices.Contains(rangeValued, arg):
			ranged = true
			i++
		case ranged:
			return w, false
		case slices.Contains(warmFlags, arg):
			w.start = append(w.start, arg)
		case !last && (slices.Contains(warmValued, arg) || arg == "--python-expr" && warmPython(l.args[i+1])):
			w.start = append(w.start, arg, l.args[i+1])
			i++
		case arg == file && !opened:
			w.start, opened = append(w.start, arg), true
		default:
			return w, false
		}
	}
	return w, false
}

// warmPython reports whether Python of the command line prepares the scene only.
// What it registers to be called later is noticed by the Blender.
func warmPython(code string) bool {
	return !strings.Contains(code, "argv") && !strings.Contains(code, "bpy.ops")
}
