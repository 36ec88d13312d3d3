package jsjobs

import (
	"cmp"
	"crypto/sha256"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"renderfarm/farm"
)

//go:embed scripts
var embedded embed.FS

const (
	// MinScript is the size, in bytes, from which a file counts as a script: anything
	// shorter is somebody's empty file.
	MinScript = 8
	maxScript = 256 << 10 // bytes; the parser and the engine recurse as deep as a script nests
)

// script is the source of one job type.
type script struct {
	name    string // job type
	file    string // file name
	builtin bool
	err     error // why it cannot even be read
}

// digest identifies the content of a file.
type digest [sha256.Size]byte

// text is a file as it was read last.
type text struct {
	body   string
	sum    digest
	size   int64
	mtime  time.Time
	readAt time.Time
}

// settled is the age from which a file's time and size tell whether it was
// changed: file systems keep times as coarse as two seconds.
const settled = 3 * time.Second

// scripts lists the job types' scripts, sorted by name. Scripts of the user
// replace built-in ones.
func (l *Library) scripts() ([]*script, error) {
	list, err := l.ownScripts()
	if err != nil {
		return nil, err
	}
	builtin, err := embedded.ReadDir("scripts")
	if err != nil {
		return nil, fmt.Errorf("list built-in job types: %w", err)
	}
	for _, e := range builtin {
		if e.IsDir() { // modules
			continue
		}
		s := &script{name: TypeName(e.Name()), file: e.Name(), builtin: true}
		if !slices.ContainsFunc(list, func(own *script) bool { return own.name == s.name }) {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b *script) int { return cmp.Compare(a.name, b.name) })
	return list, nil
}

// ownScripts lists the user's: regular files right in the folder.
func (l *Library) ownScripts() ([]*script, error) {
	if l.dir == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(l.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, farm.Errorf(farm.Internal, "cannot list the job types in %s: %w", l.dir, err)
	}
	var list []*script
	for _, e := range entries {
		if !e.Type().IsRegular() || path.Ext(e.Name()) != ".js" {
			continue
		}
		info, err := e.Info()
		if err != nil || info.Size() < MinScript { // gone again, or nothing in it
			continue
		}
		s := &script{name: TypeName(e.Name()), file: e.Name()}
		if i := slices.IndexFunc(list, func(other *script) bool { return other.name == s.name }); i >= 0 {
			s.err = farm.Errorf(farm.Invalid, "%s and %s both make the job type %s: rename one of them", list[i].file, s.file, s.name)
			list[i] = s
			continue
		}
		list = append(list, s)
	}
	return list, nil
}

// TypeName is the job type that a script makes: my_job.js makes my-job.
func TypeName(file string) string {
	return strings.ReplaceAll(strings.TrimSuffix(file, ".js"), "_", "-")
}

// read returns the text of a file of the scripts: of the user's folder first,
// then of the built-in ones. name is slash-separated, relative and clean. It
// is fs.ErrNotExist if there is none; a link that leads out of the folder is
// an error.
func (l *Library) read(name string) (*text, error) {
	t, err := l.readOwn(name)
	if errors.Is(err, fs.ErrNotExist) {
		return readBuiltin(name)
	}
	return t, err
}

// readBuiltin reads a file that came with the program.
func readBuiltin(name string) (*text, error) {
	body, err := embedded.ReadFile("scripts/" + name)
	if err != nil {
		return nil, fs.ErrNotExist
	}
	return &text{body: string(body), sum: sum(name, body)}, nil
}

// readOwn reads a file of the user's folder, unless it is known and unchanged.
func (l *Library) readOwn(name string) (*text, error) {
	if l.dir == "" {
		return nil, fs.ErrNotExist
	}
	root, err := os.OpenRoot(l.dir) // follows no link out of the folder
	if err != nil {
		return nil, err
	}
	defer root.Close()
	info, err := root.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fs.ErrNotExist
	}
	l.mu.Lock()
	old := l.texts[name]
	l.mu.Unlock()
	// A file that is older than its reading by less than a file system's clock
	// ticks may have been written once more since.
	if old != nil && old.size == info.Size() && old.mtime.Equal(info.ModTime()) && old.readAt.Sub(old.mtime) > settled {
		return old, nil
	}
	readAt := time.Now()
	body, err := readAll(root, name)
	if err != nil {
		return nil, err
	}
	t := &text{body: string(body), sum: sum(name, body), size: info.Size(), mtime: info.ModTime(), readAt: readAt}
	l.mu.Lock()
	remember(l.texts, name, t)
	l.mu.Unlock()
	return t, nil
}

// readAll reads a whole file within the limits of scripts.
func readAll(root *os.Root, name string) ([]byte, error) {
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	body, err := io.ReadAll(io.LimitReader(f, maxScript+1))
	switch {
	case err != nil:
		return nil, err
	case len(body) > maxScript:
		return nil, farm.Errorf(farm.Invalid, "%s is larger than %d KiB, the limit for scripts", name, maxScript>>10)
	case !utf8.Valid(body):
		return nil, farm.Errorf(farm.Invalid, "%s is not UTF-8 text: save it in that encoding", name)
	}
	return body, nil
}

// sum hashes a file together with its name, which its errors will show.
func sum(name string, body []byte) digest {
	return sha256.Sum256(append([]byte(name+"\x00"), body...))
}

// remember adds to a cache. A full one is emptied: scripts are few, and
// hundreds of entries are the traces of edits.
func remember[K comparable, V any](cache map[K]V, key K, value V) {
	if len(cache) >= 500 {
		clear(cache)
	}
	cache[key] = value
}

// brief bounds what an error repeats of somebody's text.
func brief(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
