package worker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"renderfarm/farm"
	"renderfarm/farm/framefile"
	"renderfarm/farm/programs"
)

// framesToVideo are the parameters of frames-to-video, which makes a video of
// many images with FFmpeg. Which images is said by framePath and frames, or else
// by inputGlob, which all managers and workers know.
type framesToVideo struct {
	exe        string   // a path, or a name that programs.FFmpeg finds
	exeArgs    []string // in the job: one text, split as a shell does
	rate       string   // frames per second; in the job a number
	inputGlob  string   // which images, in the order of their numbers
	framePath  string   // path of an image, with # for its number; need not be given
	frames     []int    // those that the video is made of; in the job: a range
	optional   bool     // without any image there is no video, and no failure
	outputFile string   // folders above it are made
	argsBefore []string // in front of the input
	args       []string // for the output
}

func prepareFramesToVideo(c farm.Command) (action, error) {
	p := params{Command: c}
	fps := p.number("fps", 0, 1e6)
	v := framesToVideo{
		exe:        p.required("exe"),
		exeArgs:    p.words("exeArgs"),
		inputGlob:  p.required("inputGlob"),
		framePath:  p.optional("framePath"),
		frames:     p.frames("frames"),
		optional:   p.flag("optional", false),
		outputFile: p.required("outputFile"),
		argsBefore: p.list("argsBefore"),
		args:       p.list("args"),
	}
	if p.err == nil && fps < 1e-6 {
		p.fail("fps", "is %s: a video needs some frames per second", plain(fps))
	}
	if p.err != nil {
		return nil, p.err
	}
	v.rate = frameRate(fps)
	return v.do, nil
}

// do makes the video, and one more for each further view of the scene. Success
// means that they are there, not only that FFmpeg ended with 0.
func (v framesToVideo) do(ctx context.Context, r *run) error {
	films, err := v.films()
	if farm.KindOf(err) == farm.NotFound && v.optional {
		r.Log("frames-to-video: there is no video, as there are no images that FFmpeg reads well: %v", err)
		return nil
	}
	if err != nil {
		return err
	}
	exe, err := programs.FFmpeg(ctx, v.exe)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(v.outputFile), folderMode); err != nil {
		return fmt.Errorf("frames-to-video: %w", err)
	}
	for i, f := range films {
		output := v.outputFile
		if i > 0 {
			ext := filepath.Ext(output)
			output = strings.TrimSuffix(output, ext) + f.view + ext
		}
		if len(films) > 1 {
			r.Log("frames-to-video: view %q in %s", f.view, output)
		}
		if err := v.encode(ctx, r, exe, f.images, output); err != nil {
			return err
		}
	}
	return nil
}

// encodedLine is how FFmpeg tells its progress.
var encodedLine = regexp.MustCompile(`\bframe= *(\d+)`)

// encode makes one video. FFmpeg gets a list of the images, as their names may
// hold what it takes for a pattern.
func (v framesToVideo) encode(ctx context.Context, r *run, exe string, images []string, output string) error {
	index, err := writeIndex(images, v.rate)
	if err != nil {
		return err
	}
	defer os.Remove(index)
	encoded := -1
	err = r.start(ctx, exe, v.arguments(index, output), func(line string) {
		if all := encodedLine.FindAllStringSubmatch(line, -1); all != nil {
			if n, err := strconv.Atoi(all[len(all)-1][1]); err == nil {
				encoded = n
			}
		}
	})
	if err != nil {
		return err
	}
	whole := framefile.Whole(output)
	switch info, err := os.Stat(output); {
	case err != nil:
		return farm.Errorf(farm.Invalid, "frames-to-video: FFmpeg reported success, but made no video: %w", err)
	case info.Size() == 0:
		return farm.Errorf(farm.Invalid, "frames-to-video: FFmpeg reported success, but %s is empty: is the disk full?", output)
	case whole != nil:
		return farm.Errorf(farm.Invalid, "frames-to-video: FFmpeg reported success, but %s is not whole: %w", output, whole)
	case v.framePath != "" && encoded >= 0 && encoded < len(images) && !slices.ContainsFunc(v.args, shortens):
		return farm.Errorf(farm.Invalid, "frames-to-video: FFmpeg reported success, but the video has %d of %d frames: its log says which could not be read", encoded, len(images))
	}
	permit(output, r.worker.options.FileMode, r.Log)
	return nil
}

// shortens reports whether an argument of FFmpeg makes a video shorter than its images.
func shortens(arg string) bool {
	name, _, _ := strings.Cut(arg, ":")
	return slices.Contains([]string{"-t", "-to", "-ss", "-fs", "-frames", "-vframes"}, name)
}

// arguments returns FFmpeg's command line. The rate is that of the input, and
// again that of the output, which would else be a default.
func (v framesToVideo) arguments(index, output string) []string {
	rate := []string{"-r", v.rate}
	input := []string{"-f", "concat", "-safe", "0", "-i", index}
	return slices.Concat(v.exeArgs, v.argsBefore, rate, input, v.args, rate, []string{output})
}

// writeIndex writes a list of images for FFmpeg's concat format, and returns its
// path. It is on this computer: nothing is left in the folder of the frames.
func writeIndex(images []string, rate string) (string, error) {
	var text strings.Builder
	for _, image := range images {
		path, err := filepath.Abs(image)
		if err != nil {
			return "", fmt.Errorf("frames-to-video: %w", err)
		}
		path = filepath.ToSlash(path)
		fmt.Fprintf(&text, "file '%s'\n", strings.ReplaceAll(path, "'", `'\''`))
		// FFmpeg before 5.0 does not know the word, so it is there only if needed.
		if strings.ContainsAny(path, "%*?[]{}") {
			text.WriteString("option pattern_type none\n")
		}
		fmt.Fprintf(&text, "duration %s\n", secondsOf(rate))
	}
	index, err := os.CreateTemp("", "farm-frames-*.txt")
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

// frameRate writes a number of frames per second as the fraction that is meant:
// 23.976 is 24000/1001. Blender keeps the base of a rate with seven digits. fps
// is from 1e-6 to 1e6.
func frameRate(fps float64) string {
	const near = 2e-6 // 23.976 and 24000/1001 differ by half as much
	if whole := float64(int64(fps + 0.5)); abs(fps-whole) <= 1e-9*whole {
		return plain(whole)
	}
	if ntsc := int64(fps*1001/1000 + 0.5); ntsc > 0 && abs(fps*1001/1000/float64(ntsc)-1) <= near {
		return fmt.Sprintf("%d/1001", ntsc*1000)
	}
	// The continued fraction of a number gives its best approximations.
	num, numBefore, den, denBefore := int64(1), int64(0), int64(0), int64(1)
	for x := fps; ; {
		n := int64(x)
		num, numBefore = n*num+numBefore, num
		den, denBefore = n*den+denBefore, den
		rest := x - float64(n)
		if den > 0 && abs(float64(num)/float64(den)/fps-1) <= 1e-7 || rest < 1e-9 || den > 1e5 {
			return fmt.Sprintf("%d/%d", num, den)
		}
		x = 1 / rest
	}
}

func abs(x float64) float64 { return max(x, -x) }

// secondsOf is how long a frame lasts at a rate.
func secondsOf(rate string) string {
	over, under, _ := strings.Cut(rate, "/")
	num, _ := strconv.ParseFloat(over, 64)
	den, err := strconv.ParseFloat(under, 64)
	if err != nil {
		den = 1
	}
	return strconv.FormatFloat(den/num, 'f', 9, 64)
}
