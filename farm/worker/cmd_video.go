package worker

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"renderfarm/farm"
	"renderfarm/farm/programs"
)

// framesToVideo are the parameters of frames-to-video, which makes one video
// of many images with FFmpeg.
type framesToVideo struct {
	exe        string   // a path, or a name that programs.FFmpeg finds
	exeArgs    []string // in the job: one text, split as a shell does
	fps        float64  // frames per second, more than 0
	inputGlob  string   // which images, in the order of their names
	outputFile string   // folders above it are made
	argsBefore []string // in front of the input
	args       []string // for the output
}

func prepareFramesToVideo(c farm.Command) (action, error) {
	p := params{Command: c}
	v := framesToVideo{
		exe:        p.required("exe"),
		exeArgs:    p.words("exeArgs"),
		fps:        p.number("fps", 0, 1e6),
		inputGlob:  p.required("inputGlob"),
		outputFile: p.required("outputFile"),
		argsBefore: p.list("argsBefore"),
		args:       p.list("args"),
	}
	if p.err == nil && v.fps < 1e-6 {
		p.fail("fps", "is %s: a video needs some frames per second", plain(v.fps))
	}
	return v.do, p.err
}

// do makes the video. Success means that there is one, not only that FFmpeg
// ended with 0.
func (v framesToVideo) do(ctx context.Context, r *run) error {
	exe, err := programs.FFmpeg(ctx, v.exe)
	if err != nil {
		return err
	}
	// FFmpeg's own message for a pattern without files does not help anyone. A
	// pattern that only FFmpeg understands is left to it.
	frames, err := filepath.Glob(filepath.FromSlash(v.inputGlob))
	if err == nil && len(frames) == 0 {
		return farm.Errorf(farm.NotFound, "frames-to-video: there are no frames: nothing matches %s. Were they rendered to another folder?", v.inputGlob)
	}
	if err := os.MkdirAll(filepath.Dir(v.outputFile), folderMode); err != nil {
		return fmt.Errorf("frames-to-video: %w", err)
	}
	input := []string{"-pattern_type", "glob", "-i", filepath.ToSlash(v.inputGlob)}
	if runtime.GOOS == "windows" { // whose FFmpeg knows no patterns
		index, err := writeIndex(frames, v.fps)
		if err != nil {
			return err
		}
		defer os.Remove(index)
		input = []string{"-f", "concat", "-safe", "0", "-i", index}
	}
	if err := r.start(ctx, exe, v.arguments(input), nil); err != nil {
		return err
	}
	switch info, err := os.Stat(v.outputFile); {
	case err != nil:
		return farm.Errorf(farm.Invalid, "frames-to-video: FFmpeg reported success, but made no video: %w", err)
	case info.Size() == 0:
		return farm.Errorf(farm.Invalid, "frames-to-video: FFmpeg reported success, but %s is empty: is the disk full?", v.outputFile)
	}
	return nil
}

// arguments returns FFmpeg's command line. The rate is that of the input, and
// again that of the output, which would else be a default.
func (v framesToVideo) arguments(input []string) []string {
	rate := []string{"-r", plain(v.fps)}
	var all []string
	for _, part := range [][]string{v.exeArgs, v.argsBefore, rate, input, v.args, rate, {v.outputFile}} {
		all = append(all, part...)
	}
	return all
}

// writeIndex writes a list of the frames for FFmpeg's concat format beside
// them, and returns its path. The name is its own: several videos may be made
// of the frames in one folder at the same time.
func writeIndex(frames []string, fps float64) (string, error) {
	var text strings.Builder
	seconds := plain(math.Round(1e9/fps) / 1e9)
	for _, frame := range frames { // in order: Glob sorts
		path, err := filepath.Abs(frame)
		if err != nil {
			return "", fmt.Errorf("frames-to-video: %w", err)
		}
		path = strings.ReplaceAll(filepath.ToSlash(path), "'", `'\''`)
		fmt.Fprintf(&text, "file '%s'\nduration %s\n", path, seconds)
	}
	index, err := os.CreateTemp(filepath.Dir(frames[0]), "ffmpeg-file-index-*.txt")
	if err != nil {
		return "", fmt.Errorf("frames-to-video: %w", err)
	}
	_, err = index.WriteString(text.String())
	if err := errors.Join(err, index.Close()); err != nil {
		os.Remove(index.Name())
		return "", fmt.Errorf("frames-to-video: %w", err)
	}
	return index.Name(), nil
}
