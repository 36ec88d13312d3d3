// Package selfupdate replaces the program that runs by another version of it. The new one lies beside it until
// it has shown that it works; the old one is kept beside it, too.
package selfupdate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"renderfarm/farm"
)

// maxSize bounds a program, in bytes.
const maxSize = 1 << 30

// askLimit bounds how long a new program may take to say its version.
const askLimit = time.Minute

// A Program is the file of the program that runs. Only one of its methods runs at a time.
type Program struct {
	path string
}

// Running returns the program that runs; an error, which says why, if it cannot be replaced.
func Running() (*Program, error) {
	path, err := os.Executable()
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		return nil, farm.Errorf(farm.Unavailable, "where its program lies is not known: %w", err)
	}
	return at(path)
}

func at(path string) (*Program, error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".farm-update-*")
	if err != nil {
		return nil, farm.Errorf(farm.Unavailable, "its user may not replace the program %s: put it into a folder of that user, or update it by hand", path)
	}
	f.Close()
	os.Remove(f.Name())
	return &Program{path: path}, nil
}

// New is where the new program is until Put.
func (p *Program) New() string {
	base, exe := strings.CutSuffix(p.path, ".exe")
	if exe {
		return base + ".new.exe" // or Windows does not run it
	}
	return p.path + ".new"
}

// Old is where the replaced program is after Put.
func (p *Program) Old() string { return p.path + ".old" }

// A Version is what the new program must be.
type Version struct {
	Name   string // that it says
	SHA256 string // in hexadecimal
	Size   int64
}

// Fetch puts the new program beside the old one, and has it say its version. fetch writes its content.
// After an error there is nothing.
func (p *Program) Fetch(ctx context.Context, v Version, fetch func(into io.Writer) error) (err error) {
	defer func() {
		if err != nil {
			p.Discard()
		}
	}()
	if v.Size <= 0 || v.Size > maxSize {
		return farm.Errorf(farm.Invalid, "the new program has %d bytes, which is no size of a program", v.Size)
	}
	p.Discard()
	f, err := os.OpenFile(p.New(), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	sum := sha256.New()
	err = fetch(io.MultiWriter(f, sum))
	if err == nil {
		err = f.Sync() // or a power cut could leave a name without content
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("the new program could not be fetched: %w", err)
	}
	if !strings.EqualFold(hex.EncodeToString(sum.Sum(nil)), v.SHA256) {
		return farm.Errorf(farm.Invalid, "what was fetched is not the program that the manager announced: its checksum is another")
	}
	return p.ask(ctx, v.Name)
}

// ask has the new program say its version.
func (p *Program) ask(ctx context.Context, version string) error {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	c := exec.CommandContext(ctx, p.New(), "version")
	c.WaitDelay = time.Second
	out, err := c.Output()
	if err != nil {
		return farm.Errorf(farm.Invalid, "the new program does not run on this computer: %w", err)
	}
	words := strings.Fields(string(out))
	if len(words) < 2 || words[1] != version {
		return farm.Errorf(farm.Invalid, "the new program is not version %s: it says %q", version, farm.CutText(strings.Join(words, " "), 80))
	}
	return nil
}

// Discard removes a new program that is not put in place.
func (p *Program) Discard() { os.Remove(p.New()) }

// Put puts the new program in the place of the old one, which is kept as Old. After an error
// the old one is in its place.
func (p *Program) Put() error {
	if err := os.Rename(p.path, p.Old()); err != nil {
		return err
	}
	if err := os.Rename(p.New(), p.path); err != nil {
		if back := os.Rename(p.Old(), p.path); back != nil {
			return fmt.Errorf("%w; and the old program is now %s: %w", err, p.Old(), back)
		}
		return err
	}
	return nil
}
