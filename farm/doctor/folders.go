package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/diskfree"
)

const (
	leastFree  = 1_000_000_000 // bytes; a film's frames need more
	probeSize  = 4 << 20       // bytes that are written to see how fast a disk is
	slowProbe  = 8 * time.Second
	probeTries = 3 // the fastest counts, as the computer may be busy
	lateClock  = 30 * time.Second
)

func (c *Computer) home(context.Context) []farm.Finding {
	if c.Home == "" {
		return nil
	}
	return folder{path: c.Home, name: "home", is: "the home folder", matters: "Farm keeps its database, results and identity there",
		choose: "make it writable for the user that runs Farm, or choose another with --home or FARM_HOME"}.examine()
}

func (c *Computer) temporary(context.Context) []farm.Finding {
	if c.Temp == "" {
		return nil
	}
	return folder{path: c.Temp, name: "temp", is: "the folder for temporary files", matters: "Blender and FFmpeg fail without one",
		choose: "make it writable, or name another in the environment variable TMPDIR (TEMP on Windows)"}.examine()
}

// A folder is one to be written to.
type folder struct {
	path    string
	name    string // of findings
	is      string // "the home folder"
	matters string // why it matters
	choose  string // what to do if it cannot be used
}

// examine looks whether files can be made in the folder, and how fast.
func (f folder) examine() []farm.Finding {
	info, err := os.Stat(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return []farm.Finding{problem(f.name+"-missing", fmt.Sprintf("%s %s does not exist", f.is, f.path), f.matters, f.choose)}
	case err != nil:
		return []farm.Finding{problem(f.name+"-unreadable", fmt.Sprintf("%s cannot be looked at: %v", f.is, err), f.matters, f.choose)}
	case !info.IsDir():
		return []farm.Finding{problem(f.name+"-missing", fmt.Sprintf("%s %s is a file, and no folder", f.is, f.path), f.matters, f.choose)}
	}
	return f.write()
}

func (f folder) write() (found []farm.Finding) {
	took, late, err := probe(f.path)
	free := diskfree.Of(f.path)
	switch {
	case errors.Is(err, syscall.EROFS):
		return []farm.Finding{problem(f.name+"-read-only", fmt.Sprintf("%s %s is on a disk that is mounted read-only", f.is, f.path), f.matters, "mount it with write access; a disk with errors is mounted read-only by the system, so look into its log, too")}
	case isFull(err):
		return []farm.Finding{problem(f.name+"-full", fmt.Sprintf("the disk of %s %s is full, or a quota is used up", f.is, f.path), f.matters, "make room there, or raise the quota")}
	case err != nil:
		return []farm.Finding{problem(f.name+"-not-writable", fmt.Sprintf("nothing can be written to %s: %v", f.is, err), f.matters, f.choose)}
	}
	if free >= 0 && free < leastFree {
		found = append(found, warning(f.name+"-nearly-full", fmt.Sprintf("the disk of %s %s has only %s left", f.is, f.path, farm.Size(free)), "it will be full soon, and then tasks fail", "make room there"))
	}
	if took > slowProbe {
		found = append(found, warning(f.name+"-slow", fmt.Sprintf("writing %s to %s %s took %s", farm.Size(probeSize), f.is, f.path, took.Round(100*time.Millisecond)), "frames and logs wait for the disk", "see whether the disk, or the way to it, is overloaded or failing"))
	}
	if late > lateClock || late < -lateClock {
		found = append(found, warning(f.name+"-clock", fmt.Sprintf("the clock of what keeps %s differs by %s from that of this computer", f.is, late.Abs().Round(time.Second)), "files that were just saved look old, or come from the future, and are judged wrongly", "let both computers set their clocks by the network (NTP)"))
	}
	return found
}

// probe writes a file to a folder, on the disk, and removes it. It returns how long that took, and how
// far this computer's clock is ahead of the file system's.
func probe(dir string) (took, late time.Duration, err error) {
	for try := range probeTries {
		began := time.Now()
		if late, err = probeOnce(dir); err != nil {
			return 0, 0, err
		}
		now := time.Since(began)
		if took = now; try > 0 {
			took = min(took, now)
		}
		if took < slowProbe {
			break
		}
	}
	return took, late, nil
}

func probeOnce(dir string) (late time.Duration, err error) {
	f, err := os.CreateTemp(dir, ".farm-doctor-*")
	if err != nil {
		return 0, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	_, err = f.Write(make([]byte, probeSize))
	if err == nil {
		err = f.Sync() // a network drive may say only now that it is full
	}
	if err != nil {
		return 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return time.Since(info.ModTime()), nil
}

// windowsFull are the numbers of the errors of full disks on Windows.
var windowsFull = []syscall.Errno{39, 112}

func isFull(err error) bool {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, quotaExceeded) {
		return true
	}
	var number syscall.Errno
	return isWindows && errors.As(err, &number) && (number == windowsFull[0] || number == windowsFull[1])
}

// storage looks whether the shared storage is there, is the farm's, and can be used.
func (c *Computer) storage(context.Context) []farm.Finding {
	if c.Storage == "" {
		return nil
	}
	const matters = "scenes are read from the shared storage, and frames saved there"
	dir := filepath.FromSlash(c.Storage)
	f := folder{path: dir, name: "storage", is: "the shared storage", matters: matters,
		choose: "check the mount and its permissions for the user that runs Farm; a two-way variable of the manager can say where the storage is on this computer"}
	found := f.examine()
	if farm.HasErrors(found) {
		return found
	}
	return append(append(append(found, c.mark(dir)...), c.links(dir)...), c.mounts(dir)...)
}

// mark looks whether a folder is the farm's storage, and not another one of the same name.
func (c *Computer) mark(dir string) []farm.Finding {
	if c.StorageID == "" {
		return nil
	}
	text, err := os.ReadFile(filepath.Join(dir, api.StorageMark))
	if strings.TrimSpace(string(text)) == c.StorageID || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return []farm.Finding{problem("storage-other", fmt.Sprintf("the folder %s is not the farm's shared storage, but another one of the same name", dir),
		"what this computer saves there nobody else finds", fmt.Sprintf("mount the farm's storage there: it is the one whose file %s says %s", api.StorageMark, c.StorageID))}
}

// links looks whether symbolic links work in the storage, as checkouts are made of them.
func (c *Computer) links(dir string) []farm.Finding {
	if !c.Links {
		return nil
	}
	temp, err := os.MkdirTemp(dir, ".farm-doctor-*")
	if err != nil {
		return nil // which was found already
	}
	defer os.RemoveAll(temp)
	target, link := filepath.Join(temp, "file"), filepath.Join(temp, "link")
	err = os.WriteFile(target, []byte("farm"), 0o600)
	if err == nil {
		err = os.Symlink("file", link)
	}
	if err == nil {
		_, err = os.ReadFile(link)
	}
	if err == nil {
		return nil
	}
	fix := "on a share for Windows computers, mount it with mfsymlinks; else files are linked hard or copied"
	if isWindows {
		fix = "turn on the developer mode of Windows, or give the user the right to make symbolic links; else files are linked hard or copied"
	}
	return []farm.Finding{warning("storage-links", fmt.Sprintf("symbolic links do not work in the shared storage: %v", err), "each job's files then take room of their own, and submitting takes longer", fix)}
}
