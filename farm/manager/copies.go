package manager

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"renderfarm/farm"
	"renderfarm/store"
)

// copiesOf returns the name of the folder with the copies of a job's files, for
// the index of checkouts; "" if it has none. Checkouts have relative paths, so
// none is called the same. Whoever writes metadata can name a folder of another
// job, but none outside of farm.CopiesFolder, and none while that job uses it.
func copiesOf(metadata map[string]string) string {
	name := metadata[farm.MetadataCopies]
	if name == "" || name == "." || name == ".." || filepath.Base(name) != name || !filepath.IsLocal(name) {
		return ""
	}
	return "/" + farm.CopiesFolder + "/" + name
}

// removeCopies removes the copies of the files of a job that is being deleted,
// unless another job uses them. It may be done again after a crash.
func (m *Manager) removeCopies(id farm.JobID) error {
	_, detail, err := m.Job(id)
	key := copiesOf(detail.Metadata)
	if farm.KindOf(err) == farm.NotFound || store.IsDamage(err) || err == nil && key == "" {
		return nil // removeCheckout has told of the damage
	}
	if err != nil {
		return err
	}
	if err := m.loadCheckouts(); err != nil {
		return err
	}
	defer m.checkouts.remove(key, id)
	m.checkouts.removing.Lock()
	defer m.checkouts.removing.Unlock()
	if m.checkouts.usedBy(key, id) {
		return nil
	}
	// Nothing outside of the folder is touched, whatever links are in it.
	root, err := os.OpenRoot(filepath.Join(m.config.Load().shared, farm.CopiesFolder))
	if err == nil {
		err = errors.Join(root.RemoveAll(detail.Metadata[farm.MetadataCopies]), root.Close())
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		// The storage may be away, and the job is to go all the same.
		m.log.Warn("the copied files of a deleted job stay: remove the folder by hand", "job", id, "folder", detail.Metadata[farm.MetadataCopies], "error", err)
	}
	return nil
}
