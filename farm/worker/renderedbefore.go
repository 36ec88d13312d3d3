package worker

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/framefile"
)

// withoutRendered returns the command line without the frames that an earlier try of the
// task has rendered, if their files are still what they were, and how many these are. It is
// nil if no frame is left. A worker with a mirror renders all: what the earlier try saved
// may not have been sent.
func (b blenderRender) withoutRendered(ctx context.Context, r *run, line *blenderLine) (rest *blenderLine, done int) {
	if len(r.task.Rendered) == 0 || len(r.task.Commands) != 1 || len(line.requests) != 1 || b.keep != "" || r.mirrored != nil {
		return line, 0
	}
	there, err := unlessCanceled(ctx, func() ([]int, error) {
		return stillThere(ctx, line.requests[0].output, r.task.Rendered, stateOf(b.blendfile).modified)
	})
	if err != nil || len(there) == 0 {
		return line, 0
	}
	asked := line.requests[0].frames
	left := slices.DeleteFunc(slices.Clone(asked), func(f int) bool { return slices.Contains(there, f) })
	if len(left) == 0 {
		rest = nil
	} else if rest = line.only(left); rest == nil {
		return line, 0
	}
	r.Log("An earlier try of this task has rendered %s, and the files are what they were: not rendered again", farm.FormatFrames(there))
	return rest, len(asked) - len(left)
}

// stillThere returns those of the frames that need not be rendered again: each has one file,
// of the time that was noted, which is a whole image, and the .blend was not changed since.
func stillThere(ctx context.Context, output string, rendered []farm.RenderedFrame, source time.Time) (frames []int, err error) {
	named := newOutputName(output)
	if named.folder == "" || source.IsZero() {
		return nil, nil
	}
	entries, err := os.ReadDir(filepath.FromSlash(named.folder))
	if err != nil {
		return nil, err
	}
	files := map[int][]string{} // by frame
	for _, e := range entries {
		path := filepath.Join(filepath.FromSlash(named.folder), e.Name())
		if frame, _, ok := named.parse(path); ok && !strings.Contains(e.Name(), brokenSuffix) {
			files[frame] = append(files[frame], path)
		}
	}
	for _, f := range rendered {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if found := files[f.Frame]; len(found) == 1 && sameSecond(f.Source, source) && isWhole(found[0], f.Saved) {
			frames = append(frames, f.Frame)
		}
	}
	slices.Sort(frames)
	return slices.Compact(frames), nil
}

// isWhole reports whether a file is a whole image of that time.
func isWhole(path string, saved time.Time) bool {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() || !sameSecond(info.ModTime(), saved) {
		return false
	}
	seen, err := lookWith(framefile.Check, path)
	return err == nil && sameSecond(seen.modified, saved)
}

// sameSecond compares times as precisely as the manager keeps them.
func sameSecond(a, b time.Time) bool { return a.Unix() == b.Unix() }
