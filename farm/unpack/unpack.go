// Package unpack unpacks an archive of a program, a .tar.xz or a .zip, into a folder.
// Archives are not trusted: nothing is written outside of the folder, no link leads out
// of it, and size and number of files are bounded.
package unpack

import (
	"archive/tar"
	"archive/zip"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/ulikunitz/xz"

	"renderfarm/farm"
)

// Limits bound what an archive may contain.
type Limits struct {
	Bytes int64 // of all files together
	Files int   // and folders and links
}

// Suffixes are how the names of archives end that Archive knows.
var Suffixes = []string{".tar.xz", ".zip"}

// Archive unpacks the file into a folder, which must exist and should be empty. After
// an error the folder has part of it. Times and owners are not kept. The kinds of errors
// are farm.Invalid for a bad archive, farm.TooLarge beyond the limits.
func Archive(ctx context.Context, file, dir string, l Limits) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	u := &unpacker{ctx: ctx, root: root, left: l, name: filepath.Base(file)}
	switch {
	case strings.HasSuffix(file, ".tar.xz"):
		return u.tarXZ(file)
	case strings.HasSuffix(file, ".zip"):
		return u.zip(file)
	}
	return farm.Errorf(farm.Invalid, "%s is not an archive that can be unpacked: its name has to end with %s", u.name, strings.Join(Suffixes, " or "))
}

// An unpacker writes what an archive has.
type unpacker struct {
	ctx  context.Context
	root *os.Root
	left Limits
	name string // of the archive, for errors
}

func (u *unpacker) tarXZ(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	packed, err := xz.ReaderConfig{DictCap: maxDictionary}.NewReader(f)
	if err != nil {
		return u.bad(err)
	}
	for r := tar.NewReader(packed); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) { // checksums come last
			if _, err := io.Copy(io.Discard, io.LimitReader(&stoppable{u.ctx, packed}, u.left.Bytes)); err != nil {
				return u.bad(err)
			}
			return nil
		}
		if err != nil {
			return u.bad(err)
		}
		switch h.Typeflag {
		case tar.TypeDir:
			err = u.folder(h.Name)
		case tar.TypeReg:
			err = u.file(h.Name, fs.FileMode(h.Mode), r)
		case tar.TypeSymlink:
			err = u.link(h.Name, h.Linkname)
		case tar.TypeXGlobalHeader:
		default:
			err = farm.Errorf(farm.Invalid, "%s cannot be unpacked: %s is neither file nor folder", u.name, h.Name)
		}
		if err != nil {
			return err
		}
	}
}

// maxDictionary bounds the memory that unpacking takes; the strongest compression of xz
// wants 64 MiB.
const maxDictionary = 64 << 20

func (u *unpacker) zip(file string) error {
	r, err := zip.OpenReader(file)
	if err != nil {
		return u.bad(err)
	}
	defer r.Close()
	for _, f := range r.File {
		if err := u.zipped(f); err != nil {
			return err
		}
	}
	return nil
}

func (u *unpacker) zipped(f *zip.File) error {
	switch mode := f.Mode(); {
	case mode.IsDir():
		return u.folder(f.Name)
	case !mode.IsRegular():
		return farm.Errorf(farm.Invalid, "%s cannot be unpacked: %s is neither file nor folder", u.name, f.Name)
	}
	content, err := f.Open()
	if err != nil {
		return u.bad(err)
	}
	defer content.Close()
	return u.file(f.Name, f.Mode(), content)
}

// local returns a name of the archive as a path below the folder, and counts it.
func (u *unpacker) local(name string) (string, error) {
	if err := u.ctx.Err(); err != nil {
		return "", context.Cause(u.ctx)
	}
	if u.left.Files--; u.left.Files < 0 {
		return "", farm.Errorf(farm.TooLarge, "%s has more files than a program should have", u.name)
	}
	clean := filepath.FromSlash(path.Clean(name))
	if !filepath.IsLocal(clean) || strings.Contains(name, `\`) {
		return "", farm.Errorf(farm.Invalid, "%s cannot be unpacked: %q leads out of the folder", u.name, name)
	}
	return clean, nil
}

func (u *unpacker) folder(name string) error {
	name, err := u.local(name)
	if err != nil {
		return err
	}
	return u.folders(name)
}

// folders makes a folder and those above it. None of them may be a link: what is below
// one is elsewhere than its name says, and so a link there leads elsewhere, too.
func (u *unpacker) folders(dir string) error {
	if err := u.root.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for ; dir != "."; dir = filepath.Dir(dir) {
		if info, err := u.root.Lstat(dir); err != nil || !info.IsDir() {
			return errors.Join(err, farm.Errorf(farm.Invalid, "%s cannot be unpacked: it has something below %q, which is not a folder", u.name, dir))
		}
	}
	return nil
}

// file writes a file; of its mode only whether it can be executed is kept.
func (u *unpacker) file(name string, mode fs.FileMode, content io.Reader) error {
	name, err := u.local(name)
	if err != nil {
		return err
	}
	if err := u.folders(filepath.Dir(name)); err != nil {
		return err
	}
	f, err := u.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644|mode&0o111)
	if err != nil {
		return err
	}
	n, err := io.Copy(f, io.LimitReader(&stoppable{u.ctx, content}, u.left.Bytes+1))
	if u.left.Bytes -= n; u.left.Bytes < 0 {
		err = farm.Errorf(farm.TooLarge, "%s has more in it than a program should have", u.name)
	} else if err != nil && u.ctx.Err() == nil {
		err = u.bad(err)
	}
	return errors.Join(err, f.Close())
}

// link makes a symbolic link that stays within the folder. It goes up at first or not
// at all: what is above something behind a link cannot be told from the names.
func (u *unpacker) link(name, to string) error {
	name, err := u.local(name)
	if err != nil {
		return err
	}
	if path.IsAbs(to) || strings.Contains(to, `\`) || upAgain(to) || !filepath.IsLocal(filepath.Join(filepath.Dir(name), filepath.FromSlash(to))) {
		return farm.Errorf(farm.Invalid, "%s cannot be unpacked: the link %q leads out of the folder, to %q", u.name, name, to)
	}
	if err := u.folders(filepath.Dir(name)); err != nil {
		return err
	}
	return u.root.Symlink(filepath.FromSlash(to), name)
}

// upAgain reports whether a path goes up after it went down.
func upAgain(to string) bool {
	down := false
	for part := range strings.SplitSeq(to, "/") {
		if part == ".." && down {
			return true
		}
		down = down || part != ".." && part != "." && part != ""
	}
	return false
}

// bad is the error of an archive that cannot be read.
func (u *unpacker) bad(err error) error {
	return farm.Errorf(farm.Invalid, "%s cannot be unpacked, it may be damaged: %w", u.name, err)
}

// A stoppable ends with the context.
type stoppable struct {
	ctx context.Context
	r   io.Reader
}

// Read returns the context's cause once it has ended.
func (s *stoppable) Read(p []byte) (int, error) {
	if s.ctx.Err() != nil {
		return 0, context.Cause(s.ctx)
	}
	return s.r.Read(p)
}
