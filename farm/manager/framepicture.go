package manager

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"renderfarm/farm"
	"renderfarm/store/files"
)

// maxFrameFile bounds the files of frames that are read for pictures, in bytes.
const maxFrameFile = 256 << 20

// FramePicture returns a frame of a task as a JPEG that fits into width by height
// pixels. Only files in the shared storage are read, whatever the task names.
//
// NotFound: no such task or frame, or its file is not there, or elsewhere. Unsupported
// or Invalid: it is no image that can be shown.
func (m *Manager) FramePicture(id farm.TaskID, number, width, height int) ([]byte, error) {
	t, _, err := m.Task(id)
	if err != nil {
		return nil, err
	}
	frames, _, err := m.Frames(t.Job, t.Index-1, 1)
	if err != nil {
		return nil, err
	}
	for i := range frames {
		if frames[i].Number == number && frames[i].TaskID == id && frames[i].File != "" {
			return m.pictureOf(frames[i].File, width, height)
		}
	}
	return nil, farm.Errorf(farm.NotFound, "task %s has no frame %d whose file is known", id, number)
}

// shown are the endings of files that pictures are made of.
var shown = []string{".png", ".jpg", ".jpeg", ".tif", ".tiff"}

// CanShow reports whether a file of a frame is one that FramePicture may show, by its name.
func (m *Manager) CanShow(name string) bool {
	_, _, ok := m.config.Load().inStorage(name)
	return ok && slices.Contains(shown, strings.ToLower(filepath.Ext(name)))
}

// inStorage returns a name without its variables, and what of it is below the shared
// storage; ok is false if it is not.
func (c *configured) inStorage(name string) (whole, below string, ok bool) {
	whole = c.expander(c.goos).Text(name)
	below, err := filepath.Rel(c.shared, filepath.FromSlash(whole))
	return whole, below, err == nil && filepath.IsLocal(below)
}

// pictureOf makes a picture of a file, whose name may have variables in it.
func (m *Manager) pictureOf(name string, width, height int) ([]byte, error) {
	c := m.config.Load()
	name, below, ok := c.inStorage(name)
	if !ok {
		return nil, farm.Errorf(farm.NotFound, "%s is not in the shared storage: the manager shows nothing else", name)
	}
	root, err := os.OpenRoot(c.shared) // no link leads out of it
	if err != nil {
		return nil, farm.Errorf(farm.NotFound, "the shared storage cannot be read: %w", err)
	}
	defer root.Close()
	file, err := root.Open(below)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, farm.Errorf(farm.NotFound, "%s is not there (any more)", name)
	}
	if err != nil {
		return nil, farm.Errorf(farm.NotFound, "%s cannot be read: %w", name, err)
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, farm.Errorf(farm.NotFound, "%s is no file", name)
	}
	var picture bytes.Buffer
	err = files.Scale(&picture, io.LimitReader(file, maxFrameFile), width, height)
	return picture.Bytes(), err
}
