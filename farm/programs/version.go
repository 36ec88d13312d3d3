package programs

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"renderfarm/farm"
)

// A probe is how one program tells its version.
type probe struct {
	program string
	flag    string
	prefix  string        // what the first line of its answer begins with
	limit   time.Duration // behaviour, appendix A
}

var (
	blenderProbe = probe{"Blender", "--version", "Blender ", 10 * time.Second}
	ffmpegProbe  = probe{"FFmpeg", "-version", "ffmpeg version ", 5 * time.Second}
)

// Version runs the program at path and returns the version it tells, such as
// "3.4.1" or "5.1.6-0+deb12u1". A file whose name contains ffmpeg is asked as
// FFmpeg, any other as Blender. A program that answers something else, or
// nothing within 5 (FFmpeg) or 10 seconds, is an error of kind Invalid; the
// latter is ErrNoAnswer too.
func Version(ctx context.Context, path string) (string, error) {
	p := blenderProbe
	if strings.Contains(strings.ToLower(filepath.Base(path)), "ffmpeg") {
		p = ffmpegProbe
	}
	return p.ask(ctx, path)
}

// ask runs the program and reads its version from the first line of the answer.
func (p probe) ask(ctx context.Context, path string) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, p.limit, ErrNoAnswer)
	defer cancel()
	var out firstBytes
	cmd := exec.CommandContext(ctx, path, p.flag)
	cmd.Stdout = &out
	cmd.WaitDelay = time.Second // a grandchild that keeps the pipe open must not keep us
	err := cmd.Run()
	if cause := context.Cause(ctx); cause != nil {
		if errors.Is(cause, ErrNoAnswer) {
			return "", farm.Errorf(farm.Invalid, "%s %w `%s` within %s: start it by hand to see what it is waiting for", path, ErrNoAnswer, p.flag, p.limit)
		}
		return "", cause
	}
	// Some programs end with an error and answer all the same: the answer counts.
	line, _, _ := strings.Cut(out.String(), "\n")
	version, ok := strings.CutPrefix(strings.TrimSpace(line), p.prefix)
	if !ok && err != nil {
		return "", farm.Errorf(farm.Invalid, "%s cannot be run as %s: %w; start it by hand to see why", path, p.program, err)
	}
	if version, _, _ = strings.Cut(version, " Copyright"); !ok || version == "" {
		return "", farm.Errorf(farm.Invalid, "%s is not %s: asked with `%s` it answered %.80q", path, p.program, p.flag, line)
	}
	return version, nil
}

// ErrNoAnswer means that a program was started and said nothing in time. That may
// be the fault of the computer, which was busy, or of a slow network share: the
// next start is often quick.
var ErrNoAnswer = errors.New("did not answer")

// firstBytes keeps the first 4 KiB written to it and lets the rest pass, so
// that a program that answers without end fills no memory.
type firstBytes struct{ bytes.Buffer }

// Write never fails: a program must not notice that nobody listens any more.
func (b *firstBytes) Write(p []byte) (int, error) {
	if room := 4096 - b.Len(); room > 0 {
		b.Buffer.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}
