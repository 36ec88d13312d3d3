package blendfile

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/programs"
)

// A Pack is everything a .blend needs, and where it goes in a folder that works
// anywhere. What does not move with the .blend is in it as a copy with other
// paths; nothing has been copied otherwise.
type Pack struct {
	Blend    string        `json:"blend"` // the .blend in the pack, with forward slashes
	Root     string        `json:"root"`  // the project's folder, where the pack's paths begin
	Files    []PackFile    `json:"files"` // the .blend too; sorted by target
	Missing  []MissingFile `json:"missing"`
	Warnings []string      `json:"warnings"` // whole sentences
}

// A PackFile is one file of a pack.
type PackFile struct {
	Source    string `json:"source"`    // absolute
	Target    string `json:"target"`    // in the pack, with forward slashes; never outside of it
	Size      int64  `json:"size"`      // bytes
	Rewritten bool   `json:"rewritten"` // the source is a copy with other paths, in TraceOptions.Work
}

// A MissingFile is something a .blend needs that cannot be packed.
type MissingFile struct {
	Path    string    `json:"path"`
	Owner   [2]string `json:"owner"`   // type and name of the data-block, such as IMAGE and wood.png
	Library string    `json:"library"` // the .blend that asks for it; "" is the one that was submitted
	Kind    string    `json:"kind"`    // image, sequence, udim, movie, sound, font, volume, cache, library, …
	Why     string    `json:"why"`     // part of a sentence: "there is no such file"
}

// Size returns the sum of all files, in bytes.
func (p *Pack) Size() (n int64) {
	for _, f := range p.Files {
		n += f.Size
	}
	return n
}

// TraceOptions say how to look for what a .blend needs.
type TraceOptions struct {
	Blender  string              // path; "" looks for one
	Scripts  fs.FS               // the Python package "pack", see package addon
	Project  string              // the folder whose inner paths the pack keeps; "" is ProjectOf
	Work     string              // folder for rewritten copies; one that is kept saves making them again
	Exclude  []string            // patterns of what to leave out: names, or paths in the pack
	LookOnly bool                // change nothing: the pack is for a look at what is missing or outside
	Progress func(TraceProgress) // may be nil; called by one goroutine, and should be quick
}

// TraceProgress is how far Trace has come.
type TraceProgress struct {
	Phase  string `json:"phase"` // open, files, rewrite
	File   string `json:"file"`  // the .blend that is looked into
	Number int    `json:"number"`
	Of     int    `json:"of"`
	Files  int    `json:"files"` // found so far
}

// projectMarkers are what the folder of a project has in it.
var projectMarkers = []string{".blender_project", ".git", ".svn"}

// ProjectOf returns the folder of the project a .blend is in: the nearest one
// above with a marker of a Blender project, Git or Subversion, else its own.
func ProjectOf(file string) string {
	for dir := filepath.Dir(file); ; dir = filepath.Dir(dir) {
		for _, marker := range projectMarkers {
			if _, err := os.Lstat(filepath.Join(dir, marker)); err == nil {
				return dir
			}
		}
		if dir == filepath.Dir(dir) {
			return filepath.Dir(file)
		}
	}
}

// maxPack bounds the description of a pack, in bytes: some million files.
const maxPack = 512 << 20

// Trace returns everything the .blend needs, to any depth of libraries. Blender
// looks for it, in the background and without running scripts in the file; see
// the Python package for why. The error is that of Inspect: NotFound, Invalid,
// and ErrBlender if no Blender could look. Nothing but o.Work is written to.
func Trace(ctx context.Context, file string, o TraceOptions) (*Pack, error) {
	if err := Check(file); err != nil {
		return nil, err
	}
	file, project, err := inProject(file, o.Project)
	if err != nil {
		return nil, err
	}
	scripts, err := os.MkdirTemp("", "farm-pack-*")
	if err != nil {
		return nil, farm.Errorf(farm.Invalid, "cannot make a temporary folder: %w", err)
	}
	defer os.RemoveAll(scripts)
	if err := os.CopyFS(scripts, o.Scripts); err != nil {
		return nil, fmt.Errorf("unpack the scripts for Blender: %w", err)
	}
	plan := filepath.Join(scripts, "plan.json")
	args := []string{"-b", "--factory-startup", "--disable-autoexec", "--python-exit-code", "9", "--python", filepath.Join(scripts, "pack", "main.py"),
		"--", "--blend", file, "--project", project, "--work", o.Work, "--plan", plan}
	for _, pattern := range o.Exclude {
		args = append(args, "--exclude="+pattern)
	}
	if o.LookOnly {
		args = append(args, "--look-only")
	}
	exe, err := programs.Blender(ctx, o.Blender)
	if err != nil {
		return nil, &farm.Error{Kind: farm.KindOf(err), Msg: err.Error(), Err: errors.Join(ErrBlender, err)}
	}
	p, err := (*Pack)(nil), runTrace(ctx, exe, file, o, args)
	if err == nil {
		p, err = readPack(plan, file)
	}
	if err != nil && ctx.Err() == nil {
		// Not every version says of itself that it is too old, and some crash.
		if older := newerThan(ctx, exe, file); older != nil {
			return nil, older
		}
	}
	return p, err
}

// inProject returns absolute paths of the file and its project. A file that is
// in the project only once links are followed gets its real path.
func inProject(file, project string) (string, string, error) {
	file, err := filepath.Abs(file)
	if err != nil {
		return "", "", err
	}
	if project == "" {
		return file, ProjectOf(file), nil
	}
	if project, err = filepath.Abs(project); err != nil {
		return "", "", err
	}
	if info, err := os.Stat(project); err != nil || !info.IsDir() {
		return "", "", farm.Errorf(farm.Invalid, "the project folder %s is not there: check the path", project)
	}
	if isBelow(file, project) {
		return file, project, nil
	}
	realFile, err1 := filepath.EvalSymlinks(file)
	realProject, err2 := filepath.EvalSymlinks(project)
	if errors.Join(err1, err2) == nil && isBelow(realFile, realProject) {
		return realFile, realProject, nil
	}
	return "", "", farm.Errorf(farm.Invalid, "%s is not in the project folder %s: name one that it is in", file, project)
}

// isBelow reports whether the path is in the folder.
func isBelow(path, folder string) bool {
	rel, err := filepath.Rel(folder, path)
	return err == nil && filepath.IsLocal(rel)
}

// runTrace runs Blender to its end.
func runTrace(ctx context.Context, exe, file string, o TraceOptions, args []string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	cmd := exec.CommandContext(ctx, exe, args...)
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	cmd.Stderr = cmd.Stdout // versions differ in where they write errors
	if err := cmd.Start(); err != nil {
		return blenderErrorf("cannot start Blender (%s): %v", exe, err)
	}
	// Each .blend may take its time; silence for that long is something else.
	silence := time.AfterFunc(patience, func() { cancel(errSlow) })
	defer silence.Stop()
	complaint := followTrace(out, func(p TraceProgress) {
		silence.Reset(patience)
		if o.Progress != nil {
			o.Progress(p)
		}
	})
	err = cmd.Wait()
	if cause := context.Cause(ctx); cause != nil {
		if errors.Is(cause, errSlow) {
			return farm.Errorf(farm.Invalid, "Blender took longer than %s to open %s, or a library of it: try to open it by hand", patience, file)
		}
		return cause
	}
	if err != nil {
		return blenderErrorf("Blender ended while looking for what %s needs (%v): %.300s", file, err, complaint)
	}
	return nil
}

// followTrace reads what Blender prints up to its end, and returns its last
// complaint. Names in files are printed too and may look like progress, which
// is why nothing but progress is believed of it.
func followTrace(out io.Reader, tell func(TraceProgress)) (complaint string) {
	lines := bufio.NewReaderSize(out, 64<<10)
	for {
		line, err := readLine(lines)
		if rest, ok := bytes.CutPrefix(line, []byte("farm-pack: ")); ok {
			var p TraceProgress
			if json.Unmarshal(rest, &p) == nil {
				tell(p)
			}
		} else if said := complaintIn(line); said != "" {
			complaint = said
		}
		if err != nil {
			return complaint
		}
	}
}

// readPack reads what the script left, and refuses what would leave the pack.
func readPack(path, file string) (*Pack, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, blenderErrorf("Blender ended without saying what %s needs; try to open it by hand", file)
	}
	defer f.Close()
	var answer struct {
		Pack
		Error   string `json:"error"`
		Blender bool   `json:"blender"` // is to blame
	}
	if err := json.NewDecoder(io.LimitReader(f, maxPack)).Decode(&answer); err != nil {
		return nil, farm.Errorf(farm.Invalid, "what %s needs is too much, or was said in a form that cannot be read: %w", file, err)
	}
	if answer.Error != "" {
		if answer.Blender {
			return nil, blenderErrorf("%s", answer.Error)
		}
		return nil, farm.Errorf(farm.Invalid, "%s", answer.Error)
	}
	for _, target := range append([]PackFile{{Source: file, Target: answer.Blend}}, answer.Files...) {
		if !filepath.IsLocal(filepath.FromSlash(target.Target)) || !filepath.IsAbs(target.Source) {
			return nil, farm.Errorf(farm.Invalid, "%s cannot be packed: %q has no place in a pack", file, target.Target)
		}
	}
	return &answer.Pack, nil
}
