// Package pack moves what a .blend needs: into a folder, or into a zip file. A
// pack is there whole or not at all, whatever ends the program; nothing that
// was there before is overwritten or removed.
package pack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/blendfile"
)

// Progress is how far a move has come.
type Progress struct {
	File  string // being moved, its place in the pack
	Files int    // done
	Bytes int64  // done
}

// A Tell is told of progress, about ten times a second at most and at the end.
// It may be nil.
type Tell func(Progress)

// partly marks what is not whole yet, and could be left by a power cut.
const partly = ".farm-part"

// ToFolder makes the folder dir with copies of all files. dir must not exist, or
// be empty. Kinds of errors: Conflict, Invalid.
func ToFolder(ctx context.Context, p *blendfile.Pack, dir string, tell Tell) (err error) {
	if err := free(dir, true); err != nil {
		return err
	}
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o777); err != nil { // as open as the user's umask lets it be: workers may be other users
		return cannotWrite(dir, err)
	}
	// Beside its final name, so that renaming is one step.
	part, err := makePart(dir)
	if err != nil {
		return cannotWrite(dir, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(part))
		}
	}()
	m := newMeter(tell)
	for _, f := range p.Files {
		if err := m.copy(ctx, f, func(io.Reader) (io.WriteCloser, error) { return create(part, f.Target) }); err != nil {
			return explain(ctx, dir, err)
		}
	}
	m.end()
	// An empty folder gives way; anything else that came meanwhile does not.
	if info, err := os.Lstat(dir); err == nil && (!info.IsDir() || os.Remove(dir) != nil) {
		return farm.Errorf(farm.Conflict, "%s was made by somebody else meanwhile, and nothing is overwritten: choose another name", dir)
	}
	if err := os.Rename(part, dir); err != nil {
		return cannotWrite(dir, err)
	}
	return nil
}

// makePart makes a folder beside dir that nobody else has.
func makePart(dir string) (string, error) {
	for n := 0; ; n++ {
		part := fmt.Sprintf("%s%s-%d-%d", dir, partly, os.Getpid(), n)
		err := os.Mkdir(part, 0o777)
		if err == nil || !errors.Is(err, fs.ErrExist) {
			return part, err
		}
	}
}

// leftPart is how folders and files are called that ToFolder and ToZip left when
// the program was killed.
var leftPart = regexp.MustCompile(regexp.QuoteMeta(partly) + `-\d+-\d+$`)

// Abandon removes a folder of ToFolder, and what is left of attempts to make it.
// It is for folders that nobody uses, and does not ask.
func Abandon(dir string) error {
	list, err := os.ReadDir(filepath.Dir(dir))
	if err != nil {
		return ignoreMissing(err)
	}
	errs := []error{os.RemoveAll(dir)}
	for _, e := range list {
		if name := e.Name(); strings.HasPrefix(name, filepath.Base(dir)+partly+"-") {
			errs = append(errs, os.RemoveAll(filepath.Join(filepath.Dir(dir), name)))
		}
	}
	return errors.Join(errs...)
}

// Tidy removes what was left half in a folder before a time, by programs that
// were killed: nothing else, and nothing that may still be growing.
func Tidy(folder string, before time.Time) error {
	list, err := os.ReadDir(folder)
	if err != nil {
		return ignoreMissing(err)
	}
	var errs []error
	for _, e := range list {
		if info, err := e.Info(); err == nil && leftPart.MatchString(e.Name()) && info.ModTime().Before(before) {
			errs = append(errs, os.RemoveAll(filepath.Join(folder, e.Name())))
		}
	}
	return errors.Join(errs...)
}

// A synced file is on the disk when it is closed.
type synced struct{ *os.File }

// Close writes what is left to the disk itself.
func (f synced) Close() error { return errors.Join(f.Sync(), f.File.Close()) }

// create makes a file at a target below dir.
func create(dir, target string) (io.WriteCloser, error) {
	at := filepath.Join(dir, filepath.FromSlash(target))
	if err := os.MkdirAll(filepath.Dir(at), 0o777); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(at, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	return synced{f}, err
}

// free refuses a name that is taken.
func free(name string, folder bool) error {
	_, err := os.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return cannotWrite(name, err)
	}
	if folder {
		if list, err := os.ReadDir(name); err == nil && len(list) == 0 {
			return nil
		}
	}
	return farm.Errorf(farm.Conflict, "%s is there already, and nothing is overwritten: choose another name, or remove it first", name)
}

// A changedError is a file that is no longer what it was when the pack was planned.
type changedError struct{ file string }

// Error says which one.
func (e *changedError) Error() string { return e.file }

// A sourceError is a file that cannot be read.
type sourceError struct{ err error }

// Error returns the system's words.
func (e *sourceError) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *sourceError) Unwrap() error { return e.err }

// explain makes a sentence of what went wrong.
func explain(ctx context.Context, to string, err error) error {
	var changed *changedError
	var source *sourceError
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &changed):
		return farm.Errorf(farm.Conflict, "%s changed while it was being packed: wait until it is saved, and try again", changed.file)
	case errors.As(err, &source):
		return farm.Errorf(farm.Invalid, "cannot read what the .blend needs: %w", source.err)
	}
	return cannotWrite(to, err)
}

// cannotWrite says that the place is to blame.
func cannotWrite(to string, err error) error {
	return farm.Errorf(farm.Invalid, "cannot write %s: %w. Check that the folder is writable and has room", to, err)
}

// A meter moves files and tells how far it is.
type meter struct {
	tell   Tell
	now    Progress
	told   time.Time
	buffer []byte
}

// tellEvery bounds how often progress is told.
const tellEvery = 100 * time.Millisecond

// newMeter returns a meter that is at the beginning.
func newMeter(tell Tell) *meter { return &meter{tell: tell, buffer: make([]byte, 1<<20)} }

// copy moves one file to what open makes.
func (m *meter) copy(ctx context.Context, f blendfile.PackFile, open func(from io.Reader) (io.WriteCloser, error)) (err error) {
	m.now.File = f.Target
	from, err := os.Open(f.Source)
	if err != nil {
		return &sourceError{err}
	}
	defer from.Close()
	to, err := open(from)
	if err != nil {
		return err
	}
	n, err := m.stream(ctx, to, from)
	if err = errors.Join(err, to.Close()); err != nil {
		return err
	}
	if n != f.Size {
		return &changedError{f.Source}
	}
	m.now.Files++
	return nil
}

// stream copies until the end, or until the context ends.
func (m *meter) stream(ctx context.Context, to io.Writer, from io.Reader) (total int64, err error) {
	for {
		if ctx.Err() != nil {
			return total, context.Cause(ctx)
		}
		n, err := from.Read(m.buffer)
		if n > 0 {
			if _, err := to.Write(m.buffer[:n]); err != nil {
				return total, err
			}
			total += int64(n)
			m.now.Bytes += int64(n)
			m.show()
		}
		if errors.Is(err, io.EOF) {
			return total, nil
		}
		if err != nil {
			return total, &sourceError{err}
		}
	}
}

// show tells, if it is time again.
func (m *meter) show() {
	if now := time.Now(); m.tell != nil && now.Sub(m.told) >= tellEvery {
		m.told = now
		m.tell(m.now)
	}
}

// end tells the last.
func (m *meter) end() {
	if m.tell != nil {
		m.tell(m.now)
	}
}

// isCompressed reports whether a file would not get smaller, by its name.
func isCompressed(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".png", ".jpg", ".jpeg", ".exr", ".webp", ".jp2", ".mp4", ".mov", ".mkv", ".avi", ".webm", ".mp3", ".ogg", ".flac", ".vdb", ".zip", ".usdz", ".gz", ".zst":
		return true
	}
	return false
}

// Remove takes a folder away that ToFolder made: the files of the pack, and the
// folders that are empty then. What others put there stays.
func Remove(p *blendfile.Pack, dir string) error {
	var errs []error
	folders := map[string]bool{dir: true}
	for _, f := range p.Files {
		at := filepath.Join(dir, filepath.FromSlash(f.Target))
		if err := ignoreMissing(os.Remove(at)); err != nil {
			errs = append(errs, err)
		}
		for parent := filepath.Dir(at); len(parent) > len(dir); parent = filepath.Dir(parent) {
			folders[parent] = true
		}
	}
	// The deepest first; one that is not empty is somebody else's by now.
	for _, folder := range slices.Backward(slices.Sorted(maps.Keys(folders))) {
		_ = os.Remove(folder)
	}
	return errors.Join(errs...)
}
