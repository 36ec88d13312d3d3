package setup

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"renderfarm/farm"
	"renderfarm/farm/diskfree"
)

// A Folder is what was found out about a folder that could be the shared storage.
type Folder struct {
	Path    string   // cleaned
	Usable  bool     // files can be written there, and read again as they were written
	Missing bool     // it is not there, and could be made
	Cause   string   // why it cannot be used; what is good about it otherwise
	Advice  []string // what else to think of, in whole sentences
	Free    int64    // bytes; 0 if not known
}

var drive = regexp.MustCompile(`^[A-Za-z]:([/\\]|$)`)

// Folder looks whether a folder can be the shared storage: it writes a file there and
// reads it again. With create it makes the folder, if the one above it is there.
func (c *Computer) Folder(ctx context.Context, path string, create bool) Folder {
	path = strings.TrimSpace(path)
	if why, advice := c.cannotBe(path); why != "" {
		return Folder{Path: path, Cause: why, Advice: advice}
	}
	path = filepath.Clean(path)
	found, err := look(ctx, c, func(context.Context) Folder {
		if create {
			os.Mkdir(path, 0o777) // what is wrong is told by the look
		}
		return c.tryFolder(path)
	})
	if err != nil {
		return Folder{Path: path, Cause: "the folder does not answer: if it is on a NAS, is that switched on, and mounted?"}
	}
	return found
}

// cannotBe says why a path cannot be that of the storage, before anything looks there.
func (c *Computer) cannotBe(path string) (why string, advice []string) {
	windows := c.Goos == "windows"
	switch {
	case path == "":
		return "there is no path: write the folder as this computer knows it", nil
	case len(path) > 4096 || strings.ContainsAny(path, "\x00\n\r"):
		return "this is no path of a folder", nil
	case strings.HasPrefix(path, `\\`) || windows && strings.HasPrefix(path, "//"):
		if windows {
			return "network paths that begin with two backslashes are not taken, because Blender and FFmpeg cannot use all of them", []string{
				"Give the share a letter, and use that: net use Z: " + share(path) + " /persistent:yes",
				"Use the same letter on every Windows computer."}
		}
		return "this is a network path of Windows, and the manager runs on another system", []string{
			"Mount the share on this computer, and write where it is mounted, such as /mnt/farm.",
			`On Windows computers give it a letter: net use Z: ` + share(path) + ` /persistent:yes`,
			"A two-way variable then translates one path into the other: see the page on variables."}
	case !windows && drive.MatchString(path):
		return "this is a drive of Windows, and the manager runs on another system", []string{
			"Mount the share on this computer, and write where it is mounted, such as /mnt/farm.",
			"A two-way variable then translates " + path + " for Windows computers: see the page on variables."}
	case windows && strings.HasPrefix(path, "/") || !filepath.IsAbs(path):
		return "the path does not begin at the top: write the whole path, such as " + c.example(), nil
	}
	return c.isTaken(filepath.Clean(path)), nil
}

// share returns the server and share of a network path.
func share(path string) string {
	parts := strings.FieldsFunc(path, func(r rune) bool { return r == '\\' || r == '/' })
	if len(parts) < 2 {
		return `\\NAS\farm`
	}
	return `\\` + parts[0] + `\` + parts[1]
}

func (c *Computer) example() string {
	if c.Goos == "windows" {
		return `Z:\farm`
	}
	return "/mnt/farm"
}

// isTaken says what a folder is for that cannot be the storage; "" if it is for nothing.
func (c *Computer) isTaken(path string) string {
	exe, _ := os.Executable()
	switch {
	case filepath.Dir(path) == path:
		return "this is the top of a whole disk: make a folder on it"
	case exe != "" && path == filepath.Dir(exe):
		return "the Farm program is in this folder: make one for the storage"
	case path == c.Home || strings.HasPrefix(c.Home, path+string(filepath.Separator)):
		return "Farm keeps its own files, with secrets, below this folder: make one for the storage, such as " + filepath.Join(c.Home, "storage")
	}
	return ""
}

// tryFolder looks at a folder, and may hang with it.
func (c *Computer) tryFolder(path string) Folder {
	f := Folder{Path: path}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		above, err := os.Stat(filepath.Dir(path))
		f.Missing = err == nil && above.IsDir()
		f.Cause = "there is no such folder on the manager's computer"
		if !f.Missing {
			f.Cause += ", nor the one above it: is the share mounted?"
		}
		return f
	case err != nil:
		f.Cause = "the folder cannot be read: " + reason(err)
		return f
	case !info.IsDir():
		f.Cause = "this is a file, and not a folder"
		return f
	}
	if err := writeAndRead(path); err != nil {
		f.Cause = "the manager cannot use the folder: " + reason(err)
		f.Advice = append(f.Advice, "The user that runs the manager has to be allowed to write there.")
		return f
	}
	f.Usable = true
	f.Cause = "a file could be written and read again"
	if f.Free = max(0, diskfree.Of(path)); f.Free > 0 {
		f.Cause += "; " + farm.Size(f.Free).String() + " are free"
	}
	f.Advice = c.advice(path)
	return f
}

// advice says what to think of with a folder that can be used.
func (c *Computer) advice(path string) (advice []string) {
	if err := link(path); err != nil {
		how := "Mount it with the option mfsymlinks, or switch off the store for submitted files."
		if c.Goos == "windows" {
			how = "Switch on the developer mode of Windows, or leave the store for submitted files off."
		}
		advice = append(advice, "There can be no symbolic links in this folder. "+how)
	}
	if c.Goos == "windows" && drive.MatchString(path) && !strings.EqualFold(path[:1], "c") {
		advice = append(advice, "If "+path[:2]+" is a network drive: its letter is there only for the user who connected it, and not for a service.")
	}
	return advice
}

// writeAndRead writes a file, reads it again, renames it and takes it away, as jobs will.
func writeAndRead(dir string) (err error) {
	f, err := os.CreateTemp(dir, ".farm-setup-*")
	if err != nil {
		return err
	}
	name := f.Name()
	defer func() { err = errors.Join(err, os.Remove(name)) }()
	wrote := make([]byte, 64<<10)
	rand.Read(wrote) // never fails
	_, err = f.Write(wrote)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(name, name+"-renamed"); err != nil {
		return err
	}
	name += "-renamed"
	read, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if !bytes.Equal(read, wrote) {
		return fmt.Errorf("what was read is not what was written")
	}
	return nil
}

// link makes a symbolic link in a folder, and takes it away.
func link(dir string) error {
	name := filepath.Join(dir, ".farm-setup-link-"+rand.Text())
	if err := os.Symlink("nothing", name); err != nil {
		return err
	}
	return os.Remove(name)
}

// reason is an error without the path, which the reader has typed.
func reason(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}
