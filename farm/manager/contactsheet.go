package manager

import (
	"io/fs"

	"renderfarm/farm"
	"renderfarm/store/files"
)

// A contact sheet has at most so many frames, each within a cell of so many pixels.
const (
	sheetFrames             = 9
	sheetWidth, sheetHeight = 320, 180
	sheetTasks              = 2000 // tasks of which frames are taken, from the first
)

// ContactSheet returns a JPEG with some frames of a job that were rendered, spread over
// the job; with its last rendered image if the frames cannot be read here. NotFound: no
// such job, or nothing to show.
func (m *Manager) ContactSheet(id farm.JobID) ([]byte, error) {
	all, _, err := m.Frames(id, -1, sheetTasks)
	if err != nil {
		return nil, err
	}
	var done []string
	for i := range all {
		if all[i].Status == farm.TaskCompleted && all[i].File != "" && m.CanShow(all[i].File) {
			done = append(done, all[i].File)
		}
	}
	var images [][]byte
	count := min(len(done), sheetFrames)
	for i := range count {
		if image, err := m.pictureOf(done[i*(len(done)-1)/max(count-1, 1)], sheetWidth, sheetHeight); err == nil {
			images = append(images, image)
		}
	}
	if len(images) == 0 && m.files.HasPreview(id) {
		if image, err := fs.ReadFile(m.files.FS(), files.Dir(id)+"/"+files.PreviewNames()[1]); err == nil {
			images = append(images, image)
		}
	}
	return files.Sheet(images, sheetWidth, sheetHeight)
}
