package farm

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// MaxFrame is the highest number of a frame, and the lowest below zero: Blender's
// own limit. Beyond it Blender takes the limit itself, without a word (blender 3).
const MaxFrame = 1_048_574

// run is the frames first to last.
type run struct{ first, last int }

// ParseFrames reads a frame range: numbers and ranges A-B or A..B, separated
// by commas, with spaces between them. A-BxN is every Nth frame from A on. The
// frames come back sorted, each once. Negative numbers are read too: -5, -5--1,
// -5..10. A range that runs backwards has no frames. No frames at all, and
// frames beyond MaxFrame, are Invalid.
func ParseFrames(frames string) ([]int, error) {
	runs, err := parseRuns(frames)
	if err != nil {
		return nil, err
	}
	list := make([]int, 0, countRuns(runs))
	for _, r := range runs {
		for f := r.first; f <= r.last; f++ {
			list = append(list, f)
		}
	}
	return list, nil
}

// CountFrames returns the number of distinct frames in a range, without
// making them.
func CountFrames(frames string) (int, error) {
	runs, err := parseRuns(frames)
	return countRuns(runs), err
}

// ChunkFrames cuts a range into ranges of size frames; the last may be smaller.
func ChunkFrames(frames string, size int) ([]string, error) {
	if size < 1 {
		return nil, Errorf(Invalid, "the chunk size is %d: it must be at least 1", size)
	}
	list, err := ParseFrames(frames)
	if err != nil {
		return nil, err
	}
	chunks := make([]string, 0, (len(list)-1)/size+1)
	for chunk := range slices.Chunk(list, size) {
		chunks = append(chunks, FormatFrames(chunk))
	}
	return chunks, nil
}

// FormatFrames writes frames as a range that ParseFrames reads: three or more
// in a row as "1-3", two as "1,2". A row that begins below zero is written
// "-3..-1", because programs take the hyphens of "-3--1" apart wrongly.
// Order and repetitions do not matter.
func FormatFrames(frames []int) string {
	if !slices.IsSorted(frames) {
		frames = slices.Sorted(slices.Values(frames))
	}
	var b []byte
	for i := 0; i < len(frames); {
		first, last := frames[i], frames[i]
		for i++; i < len(frames) && frames[i] <= last+1; i++ {
			last = frames[i]
		}
		if len(b) > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(first), 10)
		if last == first {
			continue
		}
		switch {
		case last == first+1:
			b = append(b, ',')
		case first < 0:
			b = append(b, ".."...)
		default:
			b = append(b, '-')
		}
		b = strconv.AppendInt(b, int64(last), 10)
	}
	return string(b)
}

// parseRuns reads a range into runs that are sorted and apart from each other.
func parseRuns(frames string) ([]run, error) {
	if strings.TrimSpace(frames) == "" {
		return nil, Errorf(Invalid, "the frame range is empty: write it like 1-24 or 1,3,7-9")
	}
	var runs []run
	for part := range strings.SplitSeq(frames, ",") {
		r, step, err := parseRun(strings.TrimSpace(part))
		if err != nil {
			return nil, Errorf(Invalid, "the frame range %q is wrong: %w; write it like 1-24, 1-100x2 or 1,3,7-9", shorten(frames), err)
		}
		if runs = r.appendTo(runs, step); len(runs) > maxRuns {
			return nil, Errorf(Invalid, "the frame range %q has too many parts", shorten(frames))
		}
	}
	if runs = mergeRuns(runs); len(runs) == 0 {
		return nil, Errorf(Invalid, "the frame range %q has no frames: its first frame is after its last", shorten(frames))
	}
	return runs, nil
}

// maxRuns bounds the memory and the time that reading a range takes: ranges
// with a step become as many runs as they have frames.
const maxRuns = 2 * MaxFrame

// appendTo adds every step-th frame of r.
func (r run) appendTo(runs []run, step int) []run {
	if step == 1 && r.first <= r.last {
		return append(runs, r)
	}
	for f := r.first; f <= r.last && step > 1; f += step {
		runs = append(runs, run{f, f})
	}
	return runs
}

// parseRun reads one number or range, and the step of a range.
func parseRun(s string) (r run, step int, err error) {
	var rest string
	if r.first, rest, err = leadingNumber(s); err != nil {
		return r, 1, err
	}
	if rest == "" {
		return run{r.first, r.first}, 1, nil
	}
	end, ok := strings.CutPrefix(rest, "..")
	if !ok {
		end, ok = strings.CutPrefix(rest, "-")
	}
	if !ok {
		return r, 1, Errorf(Invalid, "%q is not a number or a range", shorten(s))
	}
	if r.last, rest, err = leadingNumber(strings.TrimLeft(end, " \t")); err != nil {
		return r, 1, err
	}
	step = 1
	if every, ok := strings.CutPrefix(strings.ToLower(rest), "x"); ok {
		if step, rest, err = leadingNumber(strings.TrimLeft(every, " \t")); err != nil {
			return r, 1, err
		}
		if step < 1 {
			return r, 1, Errorf(Invalid, "every %dth frame cannot be rendered", step)
		}
	}
	if rest != "" {
		return r, 1, Errorf(Invalid, "%q is not a number or a range", shorten(s))
	}
	return r, step, nil
}

// leadingNumber reads the number at the start of s and returns what follows
// it and any spaces.
func leadingNumber(s string) (int, string, error) {
	n := 0
	if strings.HasPrefix(s, "-") {
		n = 1
	}
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	f, err := strconv.Atoi(s[:n])
	switch {
	case s == "":
		return 0, "", Errorf(Invalid, "a number is missing")
	case n == 0 || s[:n] == "-":
		return 0, "", Errorf(Invalid, "%q is not a number", shorten(s))
	case err != nil || f > MaxFrame || f < -MaxFrame:
		return 0, "", Errorf(Invalid, "frame %s is beyond the last that Blender has, %d", shorten(s[:n]), MaxFrame)
	}
	return f, strings.TrimLeft(s[n:], " \t"), nil
}

// mergeRuns sorts runs and joins those that overlap or touch.
func mergeRuns(runs []run) []run {
	slices.SortFunc(runs, func(a, b run) int { return cmp.Compare(a.first, b.first) })
	merged := runs[:0]
	for _, r := range runs {
		if k := len(merged) - 1; k >= 0 && r.first <= merged[k].last+1 {
			merged[k].last = max(merged[k].last, r.last)
			continue
		}
		merged = append(merged, r)
	}
	return merged
}

func countRuns(runs []run) int {
	n := 0
	for _, r := range runs {
		n += r.last - r.first + 1
	}
	return n
}

// shorten bounds what an error repeats of a user's text.
func shorten(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
