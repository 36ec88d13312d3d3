package setup

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"renderfarm/farm"
	"renderfarm/farm/programs"
)

// A Program is what was found out about a Blender or an FFmpeg.
type Program struct {
	Input   string // what somebody asked for, or what was found and is not usable
	Path    string // "" unless it is usable
	Version string // "" unless it is usable
	Source  Source
	Usable  bool   // it was started, and told its version
	Cause   string // why it cannot be used; "" if it can
}

// A Source says where a program was found.
type Source string

// The sources.
const (
	FromPath   Source = "path"   // the folders in the environment variable PATH
	FromSystem Source = "system" // where people and installers put programs
	FromOpener Source = "opener" // what opens .blend files
	FromInput  Source = "input"  // somebody named it
)

// Blenders returns the Blenders of the computer, each of which was started to ask for its
// version, and those that listed names.
func (c *Computer) Blenders(ctx context.Context, listed []string) ([]Program, error) {
	opener, _ := programs.Blender(ctx, "blender")
	paths := programs.Blenders(listed, true)
	all := make([]Program, len(paths))
	var wait sync.WaitGroup
	for i, path := range paths {
		wait.Go(func() {
			all[i] = c.run(ctx, path)
			all[i].Source = c.sourceOf(path, opener, listed)
		})
	}
	wait.Wait()
	return all, ctx.Err()
}

// sourceOf says where a Blender was found.
func (c *Computer) sourceOf(path, opener string, listed []string) Source {
	switch {
	case slices.ContainsFunc(listed, func(l string) bool { return path == l || strings.HasPrefix(path, l+string(filepath.Separator)) }):
		return FromInput
	case slices.Contains(filepath.SplitList(os.Getenv("PATH")), filepath.Dir(path)):
		return FromPath
	case path == opener && c.Goos == "windows":
		return FromOpener
	}
	return FromSystem
}

// likeBlender are the names that a Blender may have if it is not its owner who names it.
var likeBlender = regexp.MustCompile(`(?i)^blender[-_ 0-9a-z.]*$`)

// Blender starts the Blender that somebody named. A stranger can name no program that is
// not called like a Blender.
func (c *Computer) Blender(ctx context.Context, input string, stranger bool) Program {
	input = strings.TrimSpace(input)
	p := Program{Input: input, Source: FromInput}
	switch {
	case input == "":
		p.Cause = "there is no path: write that of a Blender"
	case len(input) > 4096 || strings.ContainsAny(input, "\x00\n\r"):
		p.Cause = "this is no path of a program"
	case strings.HasPrefix(input, `\\`) || strings.HasPrefix(input, "//"):
		p.Cause = "programs are not started from network paths: copy Blender to this computer"
	case stranger && !likeBlender.MatchString(filepath.Base(strings.ReplaceAll(input, `\`, "/"))):
		p.Cause = "only a program that is called blender can be named from another computer"
	}
	if p.Cause != "" {
		return p
	}
	// A folder is what people have when they unpacked Blender.
	if info, err := os.Stat(input); err == nil && info.IsDir() {
		inside, err := programs.BlenderIn(input)
		if err != nil {
			p.Cause = err.Error()
			return p
		}
		input = inside
	}
	path, err := programs.Blender(ctx, input)
	if err != nil {
		p.Cause = err.Error()
		return p
	}
	if strings.Contains(strings.ToLower(filepath.Base(path)), "ffmpeg") { // which would tell its own version
		p.Cause = "this is FFmpeg, and not a Blender"
		return p
	}
	asked := c.run(ctx, path)
	asked.Input, asked.Source = p.Input, p.Source
	if p.Input == filepath.Base(p.Input) {
		asked.Source = FromPath
	}
	return asked
}

// FFmpeg starts the FFmpeg that workers of this computer would use.
func (c *Computer) FFmpeg(ctx context.Context) Program {
	path, err := programs.FFmpeg(ctx, "")
	if err != nil {
		return Program{Cause: err.Error()}
	}
	return c.run(ctx, path)
}

// run starts a program to ask for its version.
func (c *Computer) run(ctx context.Context, path string) Program {
	type answer struct {
		version string
		err     error
	}
	got, err := look(ctx, c, func(ctx context.Context) answer {
		version, err := programs.Version(ctx, path)
		return answer{version, err}
	})
	if err == nil {
		err = got.err
	}
	if err != nil {
		return Program{Input: path, Cause: farm.CutText(err.Error(), 500)}
	}
	return Program{Path: path, Version: got.version, Usable: true}
}
