package manager

import (
	"errors"
	"io/fs"
	"os"
)

// FirstRun reports whether nobody has set up the farm yet: there is no farm.yaml, no flag
// or variable names the shared storage, and there are no jobs. It ends when the assistant
// or somebody else writes the file, or with the first job.
func (m *Manager) FirstRun() bool {
	if m.configPath == "" || m.Config().SharedStoragePath != "" || m.tally.anyJob() {
		return false
	}
	_, err := os.Stat(m.configPath)
	return errors.Is(err, fs.ErrNotExist)
}

// anyJob reports whether there are jobs.
func (t *tally) anyJob() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, n := range t.jobs {
		if n > 0 {
			return true
		}
	}
	return false
}
