package manager

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"renderfarm/farm"
	"renderfarm/store"
)

// A StoredFile is a plain file in the shared storage that is open for reading.
type StoredFile struct {
	*os.File
	Info fs.FileInfo
	Name string // its last part, as the task has it
}

// openStored opens a file that a job made, whose name may have variables in it. What is
// not in the shared storage is not found, and no link leads out of it.
func (m *Manager) openStored(name string) (*StoredFile, error) {
	c := m.config.Load()
	whole, below, ok := c.inStorage(name)
	if !ok {
		return nil, farm.Errorf(farm.NotFound, "%s is not in the shared storage: the manager shows nothing else", whole)
	}
	root, err := os.OpenRoot(c.shared)
	if err != nil {
		return nil, farm.Errorf(farm.NotFound, "the shared storage cannot be read: %w", err)
	}
	defer root.Close()
	// A named pipe would be waited for until somebody writes to it.
	if info, err := root.Stat(below); err == nil && !info.Mode().IsRegular() {
		return nil, farm.Errorf(farm.NotFound, "%s is no file", whole)
	}
	file, err := root.Open(below)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, farm.Errorf(farm.NotFound, "%s is not there (any more)", whole)
	case err != nil:
		return nil, farm.Errorf(farm.NotFound, "%s cannot be read: %w", whole, err)
	}
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		file.Close()
		return nil, farm.Errorf(farm.NotFound, "%s is no file", whole)
	}
	return &StoredFile{file, info, path.Base(filepath.ToSlash(whole))}, nil
}

// Output is what a job makes, as far as its tasks tell.
type Output struct {
	Folder string // that its frames go to, for this platform; "" if it cannot be told
	Video  string // the name of its video, "" if it makes none
	Stored bool   // the folder is in the shared storage: the manager can hand out what is in it
	Ready  bool   // the video is there
}

// Output returns what a job makes. platform is that of who asks: paths differ.
func (m *Manager) Output(id farm.JobID, platform string) (o Output, err error) {
	name, err := m.videoName(id)
	if err != nil {
		return o, err
	}
	if name != "" {
		o.Video = path.Base(filepath.ToSlash(name))
		if file, err := m.openStored(name); err == nil {
			file.Close()
			o.Ready = true
		}
	}
	frames, _, err := m.Frames(id, -1, 1)
	if err != nil || len(frames) == 0 || frames[0].File == "" {
		return o, err
	}
	c := m.config.Load()
	_, _, o.Stored = c.inStorage(frames[0].File)
	o.Folder = folderOf(farm.NewExpander(c.Variables, farm.AudienceUsers, platform, c.goos, c.storage).Text(frames[0].File))
	return o, nil
}

// folderOf returns the folder of a file, on any platform.
func folderOf(name string) string {
	if at := strings.LastIndexAny(name, `/\`); at > 0 {
		return name[:at]
	}
	return ""
}

// Video opens the video of a job. NotFound: it makes none, or not yet, or elsewhere.
func (m *Manager) Video(id farm.JobID) (*StoredFile, error) {
	name, err := m.videoName(id)
	if err != nil {
		return nil, err
	}
	if name == "" {
		return nil, farm.Errorf(farm.NotFound, "this job makes no video")
	}
	return m.openStored(name)
}

// lastTasks is among how many of a job's last tasks the one that makes the video is
// looked for.
const lastTasks = 8

// videoName returns the name of a job's video as its task has it, "" if it makes none.
func (m *Manager) videoName(id farm.JobID) (string, error) {
	j, _, err := m.Job(id)
	if err != nil {
		return "", err
	}
	var tasks []farm.Task
	err = m.store.View(func(v *store.View) error {
		tasks, err = v.PlannedTasks(id, max(-1, j.Counts.Total()-lastTasks-1), lastTasks)
		return err
	})
	for i := range tasks {
		for _, c := range tasks[i].Commands {
			if name, ok := c.Parameters["outputFile"].(string); ok && c.Name == farm.CommandFramesToVideo {
				return name, nil
			}
		}
	}
	return "", err
}

// EachFrameFile opens the files of a job's rendered frames one after the other, as far as
// they are in the shared storage, and calls f with each and what its name is below the
// folder of the first. It returns how many frames are rendered whose file was not found,
// and the first error of f.
func (m *Manager) EachFrameFile(id farm.JobID, f func(name string, file *StoredFile) error) (missing int, err error) {
	folder := ""
	for after := -1; ; {
		frames, last, err := m.Frames(id, after, framesAtATime)
		if err != nil || last < 0 {
			return missing, err
		}
		for i := range frames {
			if frames[i].Status != farm.TaskCompleted || frames[i].File == "" {
				continue
			}
			if folder == "" {
				folder = folderOf(frames[i].File)
			}
			file, err := m.openStored(frames[i].File)
			if err != nil {
				missing++
				continue
			}
			err = f(below(folder, frames[i].File), file)
			file.Close()
			if err != nil {
				return missing, err
			}
		}
		after = last
	}
}

// framesAtATime is of how many tasks the frames are read in one transaction.
const framesAtATime = 256

// below returns what a file is called seen from a folder, with forward slashes; its last
// part if it is not below it.
func below(folder, name string) string {
	rest, ok := strings.CutPrefix(name, folder)
	rest = strings.TrimLeft(filepath.ToSlash(rest), "/")
	if !ok || !filepath.IsLocal(filepath.FromSlash(rest)) {
		return path.Base(filepath.ToSlash(name))
	}
	return rest
}
