package farm

import (
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// SecondRunFrame returns the one frame that a task renders, if a second run of the
// task could render it into another folder: the command says where its file goes, and
// that it is an image. What the file saves besides, only Blender can tell.
func SecondRunFrame(commands []Command) (frame int, ok bool) {
	r, ok := RenderingOf(commands)
	if !ok || len(r.Frames) != 1 || r.File(r.Frames[0]) == "" {
		return 0, false
	}
	p := commands[0].Parameters
	if keep, _ := p["keep"].(string); keep != "" {
		return 0, false
	}
	before, ok := textList(p["argsBefore"])
	if p["argsBefore"] != nil && !ok {
		return 0, false
	}
	words, _ := p["exeArgs"].(string)
	for _, word := range append(before, strings.Fields(words)...) {
		if slices.Contains([]string{"-o", "--render-output", "-P", "--python", "--python-text", "--python-expr", "-a", "-f", "--render-anim", "--render-frame", "--"}, word) {
			return 0, false
		}
	}
	return r.Frames[0], true
}

// CleanReason returns why a second run came to nothing, as a worker tells it, in one
// line of at most MaxReason bytes.
func CleanReason(told string) string { return oneLine(told, MaxReason) }

// FrameTimes are how long workers take for frames of a job, without loading the file, as
// far as the frames that were rendered tell.
type FrameTimes struct {
	costs *FrameCosts
	trend *trend
}

// Times returns them, and false if no frame was rendered.
func (c *FrameCosts) Times() (FrameTimes, bool) {
	if c == nil || c.Rendered == 0 || !c.Curve.seen() {
		return FrameTimes{}, false
	}
	return FrameTimes{c, c.Curve.trend()}, true
}

// Of returns how long a worker takes for a frame. One that has rendered none is like the
// others on the average.
func (t FrameTimes) Of(frame int, worker WorkerID) time.Duration {
	speed, known := 0.0, 0
	for _, w := range t.costs.Workers {
		if w.Worker == worker {
			speed, known = w.Speed, 1
			break
		}
		speed += w.Speed
		known++
	}
	seconds, _ := t.trend.at(t.costs.Curve.index(frame))
	seconds *= math.Exp(speed / float64(max(known, 1)))
	return time.Duration(min(seconds, maxTimeLeft) * float64(time.Second))
}

// Load returns how long it takes to start Blender and load the job's file, on the
// average of the workers' first frames.
func (t FrameTimes) Load() time.Duration {
	first := t.costs.Load
	for _, w := range t.costs.Workers {
		first -= w.Load
	}
	return time.Duration(max(first, 0)/int64(max(len(t.costs.Workers), 1))) * time.Millisecond
}

// leastSecondGain is the least time that a second run has to gain: what is estimated,
// and starting a program, are not exact to less.
const leastSecondGain = time.Second

// SecondRun says whether a second run of a frame, begun now, is expected to be over
// more than a frame earlier than the first, which began at begun; first and second are
// how long each takes for a frame, load is what comes on top of the second. If not, from
// is when it will be, should the first run still be under way then.
//
// A first run that takes longer than expected is expected to take as much longer again.
func SecondRun(first, second, load time.Duration, begun, now time.Time) (gain time.Duration, from time.Time) {
	least := max(second, leastSecondGain)
	late := now.Sub(begun) - first
	gain = max(late, -late) - second - load
	if gain > least {
		return gain, now
	}
	return 0, begun.Add(first + second + load + least + time.Millisecond)
}

// Aside returns the commands of a task that SecondRunFrame is ok of so that its files go
// to a folder of that name beside where they belong, which is in home. python runs when
// the file is open and what the command sets is set.
func Aside(commands []Command, folder, python string) (aside []Command, home string, ok bool) {
	r, ok := RenderingOf(commands)
	end := strings.LastIndexAny(r.Output, `/\`)
	if !ok || end < 0 {
		return nil, "", false
	}
	c := commands[0]
	args, _ := textList(c.Parameters["args"])
	list, outputs := make([]any, 0, len(args)+2), 0
	for i, a := range args {
		switch {
		case i == r.at-1:
			list = append(list, "--python-expr", python)
		case i > 0 && i < r.at && (args[i-1] == "-o" || args[i-1] == "--render-output"):
			a = r.Output[:end+1] + folder + r.Output[end:]
			outputs++
		}
		list = append(list, a)
	}
	if outputs != 1 {
		return nil, "", false
	}
	c.Parameters = maps.Clone(c.Parameters)
	c.Parameters["args"], c.Parameters["warm"] = list, false
	return []Command{c}, r.Output[:end+1], true
}
