package manager

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"

	"renderfarm/farm"
	"renderfarm/store/files"
)

// FramePicture returns a frame of a task as a JPEG that fits into width by height
// pixels. Only files in the shared storage are read, whatever the task names.
//
// NotFound: no such task or frame, or its file is not there, or elsewhere. Unsupported
// or Invalid: it is no image that can be shown.
func (m *Manager) FramePicture(id farm.TaskID, number, width, height int) ([]byte, error) {
	name, err := m.frameName(id, number)
	if err != nil {
		return nil, err
	}
	return m.pictureOf(name, width, height)
}

// pictureOf is FramePicture for the name of a file, which may have variables in it.
func (m *Manager) pictureOf(name string, width, height int) ([]byte, error) {
	file, err := m.openStored(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var picture bytes.Buffer
	err = files.Scale(&picture, file, file.Info.Size(), width, height)
	return picture.Bytes(), err
}

// FrameFile opens the file of a frame of a task, if it is in the shared storage.
// NotFound: no such task or frame, or its file is not there, or elsewhere.
func (m *Manager) FrameFile(id farm.TaskID, number int) (*StoredFile, error) {
	name, err := m.frameName(id, number)
	if err != nil {
		return nil, err
	}
	return m.openStored(name)
}

// frameName returns the name of a frame's file, as its task has it.
func (m *Manager) frameName(id farm.TaskID, number int) (string, error) {
	t, _, err := m.Task(id)
	if err != nil {
		return "", err
	}
	frames, _, err := m.Frames(t.Job, t.Index-1, 1)
	if err != nil {
		return "", err
	}
	for i := range frames {
		if frames[i].Number == number && frames[i].TaskID == id && frames[i].File != "" {
			return frames[i].File, nil
		}
	}
	return "", farm.Errorf(farm.NotFound, "task %s has no frame %d whose file is known", id, number)
}

// shown are the endings of files that pictures are made of.
var shown = []string{".png", ".jpg", ".jpeg", ".tif", ".tiff", ".exr"}

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
