// Package binaries has the program itself for other computers: for those like this one the
// file that runs, and for others what lies in a folder of the manager's home.
package binaries

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"renderfarm/farm"
)

// A Program is the program for one platform.
type Program struct {
	Name    string // of its file: farm-OS-ARCH, .exe for Windows
	OS      string // GOOS
	Arch    string // GOARCH
	Version string // "" if the file does not tell
	SHA256  string // in hexadecimal
	Size    int64
}

// maxPrograms bounds how many files are looked at.
const maxPrograms = 30

// named are the names of files with programs.
var named = regexp.MustCompile(`^farm-(linux|windows|darwin)-(amd64|arm64)(\.exe)?$`)

// Programs has them. Its methods may be called from any goroutine.
type Programs struct {
	dir     string
	version string
	own     *os.File // the file that runs, whatever is put in its place; nil if it cannot be read

	mu    sync.Mutex // guards known; held while a file is read, so that none is read twice
	known map[string]summed
}

// A summed is a program that was read, and how its file looked then.
type summed struct {
	Program
	modified time.Time
}

// Open returns the programs: the one that runs, which has the version, and those in a folder, which
// may come, change and go.
func Open(dir, version string) *Programs {
	p := &Programs{dir: dir, version: version, known: map[string]summed{}}
	if path, err := os.Executable(); err == nil {
		if own, err := os.Open(path); err == nil {
			p.own = own
		}
	}
	return p
}

// Close closes the file that runs.
func (p *Programs) Close() error {
	if p.own == nil {
		return nil
	}
	return p.own.Close()
}

// fileName is how the file for a platform is called.
func fileName(goos, arch string) string {
	name := "farm-" + goos + "-" + arch
	if goos == "windows" {
		name += ".exe"
	}
	return name
}

// For returns the program for a platform. NotFound says how to put it there.
func (p *Programs) For(ctx context.Context, goos, arch string) (Program, error) {
	all, err := p.List(ctx)
	if err != nil {
		return Program{}, err
	}
	i := slices.IndexFunc(all, func(one Program) bool { return one.OS == goos && one.Arch == arch })
	if i < 0 {
		return Program{}, farm.Errorf(farm.NotFound, "the manager has no program for %s on %s: put %s of its version into the folder %s of its computer",
			farm.CutText(goos, 20), farm.CutText(arch, 20), farm.CutText(fileName(goos, arch), 60), p.dir)
	}
	return all[i], nil
}

// List returns all programs, that of this platform first.
func (p *Programs) List(ctx context.Context) (all []Program, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.own != nil {
		own, err := p.sum(ctx, p.own, fileName(runtime.GOOS, runtime.GOARCH))
		if err != nil {
			return nil, err
		}
		own.Version = p.version
		all = append(all, own)
	}
	entries, err := os.ReadDir(p.dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	for _, e := range entries {
		if !named.MatchString(e.Name()) || len(all) >= maxPrograms || p.own != nil && e.Name() == all[0].Name {
			continue
		}
		one, err := p.read(ctx, e.Name())
		if errors.Is(err, os.ErrNotExist) {
			continue // it was just removed
		}
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

func (p *Programs) read(ctx context.Context, name string) (Program, error) {
	f, err := os.Open(filepath.Join(p.dir, name))
	if err != nil {
		return Program{}, err
	}
	defer f.Close()
	return p.sum(ctx, f, name)
}

// sum returns what there is to know of a file, which is read only if it changed. The caller holds mu.
func (p *Programs) sum(ctx context.Context, f *os.File, name string) (Program, error) {
	info, err := f.Stat()
	if err != nil {
		return Program{}, err
	}
	if known, ok := p.known[name]; ok && known.Size == info.Size() && known.modified.Equal(info.ModTime()) {
		return known.Program, nil
	}
	if !info.Mode().IsRegular() {
		return Program{}, farm.Errorf(farm.Invalid, "%s is no file", f.Name())
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, contextReader{ctx, io.NewSectionReader(f, 0, info.Size())}); err != nil {
		return Program{}, err
	}
	parts := named.FindStringSubmatch(name)
	if parts == nil { // this platform is none that releases are made for
		parts = []string{"", runtime.GOOS, runtime.GOARCH}
	}
	one := Program{Name: name, OS: parts[1], Arch: parts[2], SHA256: hex.EncodeToString(hash.Sum(nil)), Size: info.Size()}
	p.known[name] = summed{one, info.ModTime()}
	return one, nil
}

// Open opens the program with the checksum, for reading by io.ReadSeeker; done ends that.
func (p *Programs) Open(ctx context.Context, sum string) (content io.ReadSeeker, modified time.Time, done func(), err error) {
	all, err := p.List(ctx)
	if err != nil {
		return nil, modified, nil, err
	}
	i := slices.IndexFunc(all, func(one Program) bool { return strings.EqualFold(one.SHA256, sum) })
	if i < 0 {
		return nil, modified, nil, farm.Errorf(farm.NotFound, "the manager has no such program any more: ask for it again")
	}
	f, done := p.own, func() {}
	if i > 0 || p.own == nil {
		if f, err = os.Open(filepath.Join(p.dir, all[i].Name)); err != nil {
			return nil, modified, nil, err
		}
		done = func() { f.Close() }
	}
	info, err := f.Stat()
	if err != nil {
		done()
		return nil, modified, nil, err
	}
	return io.NewSectionReader(f, 0, all[i].Size), info.ModTime(), done, nil
}

// A contextReader ends with an error once its context has ended.
type contextReader struct {
	ctx context.Context
	io.Reader
}

// Read reads on, if somebody still waits for it.
func (r contextReader) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(b)
}
